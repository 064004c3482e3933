"""What a recipe asks for: one `OutputSpec` for each file that is to be made."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.imaging.formats import OUTPUT_FORMATS

MAX_WIDTH = 16_384


class OutputSpec(BaseModel):
    """
    One wanted file. It is `min(width, source width)` pixels wide: nothing is ever enlarged.

    `effort` is the encoder's: webp 0-6 (libwebp's method), avif 0-9 (libavif's speed is 10 - effort); the default of
    each format stands in `app.imaging.formats`. JPEG has none, so an effort for JPEG is refused, not ignored.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9-]+$", max_length=64, description="Unique in a recipe, for example 320-jpeg.")
    width: int = Field(ge=1, le=MAX_WIDTH, description="Pixels; narrower sources keep their own width.")
    format: Literal["jpeg", "webp", "avif"]
    quality: int = Field(ge=1, le=100)
    effort: int | None = Field(default=None, ge=0, description="Encoder effort; left out, the format's default.")

    @model_validator(mode="after")
    def _effort_exists(self) -> Self:
        highest = OUTPUT_FORMATS[self.format].max_effort
        if self.effort is None:
            return self
        if highest is None:
            raise ValueError(f"{self.format} has no effort (it is {self.effort}); leave it out")
        if self.effort > highest:
            raise ValueError(f"the effort of {self.format} is {self.effort}; it must be from 0 to {highest}")
        return self
