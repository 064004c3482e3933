"""PNG: every pixel as it is, with transparency and animation."""

from collections.abc import Mapping
from dataclasses import replace
from typing import IO, Any, ClassVar, Self

from pydantic import Field, model_validator

from app.imaging.encoder import Encoder
from app.imaging.palette import paletted
from app.imaging.picture import Picture

_MAX_DELAY = 65_535


class Png(Encoder):
    """Lossless but for a palette, with transparency; an animation becomes an APNG, a still where that is not known."""

    pillow_name: ClassVar = "PNG"
    human_name: ClassVar = "PNG"
    media_type: ClassVar = "image/png"
    extension: ClassVar = "png"
    max_side: ClassVar = 65_535  # libpng's own limit is 1,000,000, far beyond what viewers show
    animates: ClassVar = True

    effort: int = Field(default=6, ge=0, le=9, description="How hard zlib tries; 0 does not compress, 9 is slowest.")

    palette: bool = Field(
        default=False,
        description="No more than 256 colours, for about half the size or less: for drawings, icons, diagrams.",
    )
    colors: int = Field(
        default=256,
        ge=2,
        le=256,
        description="Most colours of the palette, which all frames of an animation share; transparency counts as one. "
        "With fewer than 16, soft edges become hard.",
    )
    dither: bool = Field(
        default=True,
        description="Mix the colours that are there for those that are not, by Floyd and Steinberg: smoother, larger. "
        "A picture that has few enough colours stays exact.",
    )

    @model_validator(mode="after")
    def _nothing_is_without_effect(self) -> Self:
        if not self.palette and (without := self.model_fields_set & {"colors", "dither"}):
            raise ValueError(f"{min(without)} is for palette: true; give both, or leave it out")
        return self

    def options(self) -> dict[str, Any]:
        return {"compress_level": self.effort}

    def write(self, picture: Picture, options: Mapping[str, Any], buffer: IO[bytes]) -> None:
        if self.palette:
            picture = replace(picture, frames=paletted(picture.frames, self.colors, dither=self.dither))
        super().write(picture, options, buffer)

    def timing(self, picture: Picture) -> dict[str, Any]:
        return {"duration": [_writable(duration) for duration in picture.durations], "loop": picture.loop}


def _writable(milliseconds: int) -> int:
    """A delay is a fraction of a second with 16 bits above: from 65.5 s on, it is of hundredths, tenths or seconds."""
    step = next((step for step in (1, 10, 100) if milliseconds / step <= _MAX_DELAY), 1000)
    return min(round(milliseconds / step), _MAX_DELAY) * step
