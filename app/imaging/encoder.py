"""What an encoder is: the settings of one format, and how pixels become a file of it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from PIL import Image
from pydantic import BaseModel, ConfigDict

from app.errors import UnsupportedFile
from app.imaging import metadata
from app.imaging.canvas import flattened
from app.imaging.libraries import raise_for_memory
from app.imaging.picture import Picture


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished file in memory; `tries` is how often the picture was encoded to find its quality."""

    data: bytes
    quality: int | None = None
    tries: int = 1


class Encoder(BaseModel):
    """The settings of one format; its name is that of its module in `encoders/`. The fields are its parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    pillow_name: ClassVar[str]
    human_name: ClassVar[str]
    media_type: ClassVar[str]
    extension: ClassVar[str]
    max_side: ClassVar[int]
    """The longest side that the encoder writes and that common decoders read again."""
    transparent: ClassVar[bool] = True
    animates: ClassVar[bool] = False
    copies: ClassVar[bool] = False
    """Whether a picture whose pixels nothing has touched is copied instead of being encoded again."""

    @property
    def smallest(self) -> bool:
        """Whether the copy or the encoded file is taken, whichever is smaller."""
        return False

    def resolved(self, media_type: str) -> "Encoder":
        """The encoder for a source of this type; itself, but for the one that stands for the source's own format."""
        return self

    def encode(self, picture: Picture) -> Encoded:
        """Raises UnsupportedFile for what the format can not hold."""
        return Encoded(self.save(picture, self.options()))

    def options(self) -> dict[str, Any]:
        """What goes to Pillow's `save` for these settings."""
        raise NotImplementedError

    def save(self, picture: Picture, options: Mapping[str, Any]) -> bytes:
        """The file in memory first, so that what the encoder refuses and what the disk refuses can not be mistaken."""
        buffer = io.BytesIO()
        try:
            self.write(picture, options, buffer)
        except (OSError, ValueError, RuntimeError) as error:
            raise_for_memory(error)
            raise UnsupportedFile(
                f"An output of {picture.size[0]} × {picture.size[1]} pixels can not be written as {self.human_name} "
                f"({error}). Ask for another format or a lower quality."
            ) from error
        return buffer.getvalue()

    def write(self, picture: Picture, options: Mapping[str, Any], buffer: IO[bytes]) -> None:
        """One frame, or all where there are several and the format animates. Raises whatever Pillow does."""
        frames = [self._bare(frame) for frame in (picture.frames if self.animates else picture.frames[:1])]
        extra: dict[str, Any] = metadata.blocks(picture)
        if len(frames) > 1:
            extra |= {"save_all": True, "append_images": frames[1:]} | self.timing(picture)
        frames[0].save(buffer, self.pillow_name, **options, **extra)

    def timing(self, picture: Picture) -> dict[str, Any]:
        """How an animation's times and repetitions are written."""
        return {"duration": list(picture.durations), "loop": picture.loop}

    def _bare(self, frame: Image.Image) -> Image.Image:
        """Without what Pillow would otherwise write along: comments, profiles, EXIF."""
        bare = frame if self.transparent else flattened(frame)
        if bare.info:
            bare = bare.copy()
            bare.info = {}
        return bare


def name_of(encoder: Encoder | type[Encoder]) -> str:
    """As recipes write it."""
    return encoder.__module__.rpartition(".")[2]
