"""WebP: smaller than JPEG, with transparency and animation, in every current browser."""

from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any, ClassVar, Self

from pydantic import Field, model_validator

from app.imaging.encoder import Encoded
from app.imaging.lossy import Lossy
from app.imaging.near_lossless import simplified
from app.imaging.picture import Picture
from app.imaging.webp import flagged, is_extended

_MAX_PLAYS = 65_535
_MAX_MILLISECONDS = 2**24 - 1
_KEY_FRAMES = {"kmin": 29, "kmax": 30}
"""One in 30. By default libwebp may choose, and encodes most frames twice for it: 20 % more work, and no smaller."""

_LOSSLESS_QUALITY = 75
"""How hard libwebp looks for a smaller file, beside its method; the default of its own tool, cwebp."""


class Webp(Lossy):
    """Lossy, lossless or in between, with transparency and animation."""

    pillow_name: ClassVar = "WEBP"
    human_name: ClassVar = "WebP"
    media_type: ClassVar = "image/webp"
    extension: ClassVar = "webp"
    max_side: ClassVar = 16_383  # 14 bits
    animates: ClassVar = True

    effort: int = Field(default=2, ge=0, le=6, description="How hard the encoder tries; 6 is slowest and smallest.")

    lossless: bool = Field(
        default=False,
        description="Every pixel as it is, but for the colour of fully transparent ones: for drawings and screenshots; "
        "photographs become many times as large as lossy.",
    )
    near_lossless: int | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Lossless after busy places were made a little simpler. 100 changes nothing; no value of a pixel "
        "changes by more than 1 at 80, 2 at 60, 4 at 40, 8 at 20 and 16 at 0, of 255.",
    )

    @model_validator(mode="after")
    def _has_one_kind_of_compression(self) -> Self:
        if self.lossless and self.near_lossless is not None:
            raise ValueError("lossless and near_lossless exclude each other; leave one of them out")
        without = self.model_fields_set & {"quality", "max_bytes", "min_quality", "ssim"}
        if self._codec_is_lossless and without:
            kind = "lossless" if self.lossless else "near_lossless"
            raise ValueError(f"{min(without)} is for lossy WebP; leave it out, or {kind}")
        return self

    @property
    def _codec_is_lossless(self) -> bool:
        return self.lossless or self.near_lossless is not None

    def encode(self, picture: Picture) -> Encoded:
        """Raises UnsuitableImage where no quality gives a file as small as asked for."""
        if not self._codec_is_lossless:
            return super().encode(picture)
        if self.near_lossless is not None:
            frames = tuple(simplified(frame, self.near_lossless) for frame in picture.frames)
            picture = replace(picture, frames=frames)
        return Encoded(self.save(picture, self.options()))

    def options(self) -> dict[str, Any]:
        if self._codec_is_lossless:
            return {"method": self.effort, "lossless": True, "quality": _LOSSLESS_QUALITY}
        return {"method": self.effort, "lossless": False}

    def write(self, picture: Picture, options: Mapping[str, Any], buffer: IO[bytes]) -> None:
        """libwebp does not mark an animation as transparent whose ground only shows beside its frames."""
        super().write(picture, options, buffer)
        if picture.animated and picture.has_alpha:
            buffer.seek(0)
            if is_extended(data := buffer.read()):
                buffer.seek(0)
                buffer.write(flagged(data))

    def timing(self, picture: Picture) -> dict[str, Any]:
        durations = [min(duration, _MAX_MILLISECONDS) for duration in picture.durations]
        return {"duration": durations, "loop": min(picture.loop, _MAX_PLAYS), **_KEY_FRAMES}
