"""From finished pixels to files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from app.imaging.encoder import Encoder, name_of
from app.imaging.outputs import Output
from app.imaging.picture import Picture


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """`quality` is the one that was used, where the format has one; `tries` counts the encodings it took to find it."""

    name: str
    format: str
    extension: str
    media_type: str
    width: int
    height: int
    path: Path
    quality: int | None
    tries: int


class Files:
    """Writes outputs below a folder; those that would be the same bytes share the first one's path."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._files: dict[str, RenderedFile] = {}
        self._frames: tuple[Image.Image, ...] = ()
        self._same: dict[Encoder, RenderedFile] = {}

    def write(self, picture: Picture, outputs: Sequence[Output]) -> None:
        """Encode one picture, once for each of its different encoders; a picture that comes again, not again."""
        if picture.frames is not self._frames:
            self._frames, self._same = picture.frames, {}
        for output in outputs:
            if output.encoder not in self._same:
                self._same[output.encoder] = self._write(picture, output)
            self._files[output.name] = replace(self._same[output.encoder], name=output.name)

    def named(self, outputs: Sequence[Output]) -> list[RenderedFile]:
        """What was written, in this order."""
        return [self._files[output.name] for output in outputs]

    def _write(self, picture: Picture, output: Output) -> RenderedFile:
        encoder = output.encoder
        encoded = encoder.encode(picture)
        path = self._scratch / f"{output.name}.{encoder.extension}"
        path.write_bytes(encoded.data)
        return RenderedFile(
            output.name, name_of(encoder), encoder.extension, encoder.media_type, *picture.size, path,
            encoded.quality, encoded.tries,
        )  # fmt: skip
