"""`pixelate`: large square pixels, of the whole picture or of parts."""

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Self

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.errors import UnsuitableImage
from app.imaging.operation import Operation, pixels
from app.imaging.picture import Picture, Size, each, settled

_ROUNDING = 1e-9
_Box = tuple[int, int, int, int]


class Region(BaseModel):
    """A box in the picture as it is at this step."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    left: float = Field(ge=0, le=65_535, description="Left edge, from the left.")
    top: float = Field(ge=0, le=65_535, description="Upper edge, from the top.")
    width: float = Field(gt=0, le=65_535, description="Width of the box.")
    height: float = Field(gt=0, le=65_535, description="Height of the box.")

    def within(self, size: Size, scale: Size) -> _Box | None:
        """Left, top, right and bottom on the pixel, never less than the region; None where it is all outside."""
        left, top = math.floor(self.left * scale[0] + _ROUNDING), math.floor(self.top * scale[1] + _ROUNDING)
        right = min(size[0], math.ceil((self.left + self.width) * scale[0] - _ROUNDING))
        bottom = min(size[1], math.ceil((self.top + self.height) * scale[1] - _ROUNDING))
        return (left, top, right, bottom) if left < right and top < bottom else None


class Pixelate(Operation):
    """Average the picture over squares, all of it or only `regions`, such as faces and number plates."""

    example: ClassVar = {
        "size": 16, "unit": "fraction", "regions": [{"left": 0.3, "top": 0.2, "width": 0.4, "height": 0.5}]
    }  # fmt: skip

    size: int = pixels("Side of a square.", ge=2, le=4096)
    regions: Annotated[list[Region], Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        description="Boxes to pixelate, each with `left`, `top`, `width` and `height` in `unit`; the whole picture if"
        " there are none. What stands out of the picture is cut off; a box that is all outside is refused.",
    )
    unit: Literal["px", "fraction"] = Field(
        default="px",
        description="What `regions` are measured in: pixels, or fractions of the picture's width and height, 0 to 1.",
    )

    @model_validator(mode="after")
    def _is_measured_in_the_unit(self) -> Self:
        """A face that stays visible because of a wrong unit would go unnoticed."""
        if self.unit == "fraction" and self.regions is None:
            raise ValueError("unit is that of regions, and there are none")
        for at, region in enumerate(self.regions or ()):
            right, bottom = region.left + region.width, region.top + region.height
            if self.unit == "fraction" and max(right, bottom) > 1 + _ROUNDING:
                raise ValueError(f"regions.{at} ends at {right:g}, {bottom:g}; with unit fraction, 1 is the edge")
            if self.unit == "px" and min(region.width, region.height) < 1:
                raise ValueError(f"regions.{at} is less than a pixel; fractions of the picture need unit: fraction")
        return self

    def sized(self, size: Size) -> Size:
        """Raises UnsuitableImage where a region is outside."""
        self._boxes(size)
        return size

    def apply(self, picture: Picture) -> Picture:
        return each(settled(picture), self._pixelated)

    def _pixelated(self, frame: Image.Image) -> Image.Image:
        if self.regions is None:
            return squares(frame, self.size)
        result = frame.copy()
        for box in self._boxes(frame.size):
            result.paste(squares(frame.crop(box), self.size), box)
        return result

    def _boxes(self, size: Size) -> list[_Box]:
        scale = (1, 1) if self.unit == "px" else size
        boxes = []
        for at, region in enumerate(self.regions or ()):
            box = region.within(size, scale)
            if box is None:
                raise UnsuitableImage(
                    f"Region {at} to pixelate begins at {region.left:g}, {region.top:g}, but the image is only"
                    f" {size[0]} × {size[1]} pixels; send a larger one, or use a recipe with regions as fractions."
                )
            boxes.append(box)
        return boxes


def squares(image: Image.Image, size: int) -> Image.Image:
    """Every square has the mean of its pixels, weighed by their alpha; those at the right and at the bottom are cut."""
    means = Image.new(image.mode, (math.ceil(image.width / size), math.ceil(image.height / size)))
    for left, right, columns in _whole_and_rest(image.width, size):
        for top, bottom, rows in _whole_and_rest(image.height, size):
            # Not Image.reduce, whose sums are too coarse for large squares: white comes out as 243 at 1000 pixels.
            part = image.resize((columns, rows), Image.Resampling.BOX, box=(left, top, right, bottom))
            means.paste(part, (left // size, top // size))
    shown = (0, 0, image.width / size, image.height / size)
    return means.resize(image.size, Image.Resampling.NEAREST, box=shown)


def _whole_and_rest(length: int, size: int) -> Iterator[tuple[int, int, int]]:
    """Start, end and number of the whole squares along a side; then of the one that is cut, if there is one."""
    number = length // size
    if number:
        yield 0, number * size, number
    if number * size < length:
        yield number * size, length, 1
