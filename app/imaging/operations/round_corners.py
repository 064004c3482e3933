"""`round_corners`: as CSS's border-radius."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from app.imaging.canvas import placed_on
from app.imaging.operation import MAX_SIDE, Colour, Operation, pixels
from app.imaging.picture import Picture
from app.imaging.shapes import drawn, rounded_rectangle, shaped


class RoundCorners(Operation):
    """Round the corners, by a `radius` or by a share of the shorter side. Half of that side gives a half circle."""

    example: ClassVar = {"percent": 15}

    radius: float | None = pixels("Radius of the corners.", default=None, ge=0, le=MAX_SIDE)
    percent: float | None = Field(
        default=None,
        ge=0,
        le=50,
        description="The radius as a share of the shorter side.",
        json_schema_extra={"unit": "%"},
    )
    background: Colour = Field(default="transparent", description="What is to be seen in the corners.")

    @model_validator(mode="after")
    def _has_one_radius(self) -> Self:
        if (self.radius is None) == (self.percent is None):
            raise ValueError("round_corners needs either radius or percent")
        return self

    def apply(self, picture: Picture) -> Picture:
        size = picture.size
        radius = self.radius if self.radius is not None else min(size) * (self.percent or 0) / 100
        if not radius:
            return picture
        cut = shaped(picture, drawn(size, rounded_rectangle(size, radius)))
        return placed_on(cut, size, (0, 0), self.background)
