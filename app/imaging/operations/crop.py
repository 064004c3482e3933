"""`crop`: a part of the picture."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from app.errors import UnsuitableImage
from app.imaging.aspect_ratio import AspectRatio, largest_within
from app.imaging.operation import MAX_SIDE, Operation, pixels
from app.imaging.picture import Picture, Size, cut
from app.imaging.placement import FocalPoint, Gravity, by_point, placed


class Crop(Operation):
    """Keep a part: a box in pixels, or the largest one of an `aspect_ratio`, placed by `gravity` or `focal_point`."""

    example: ClassVar = {"aspect_ratio": "1:1", "gravity": "attention"}

    left: int | None = pixels("Left edge of the box, from the left.", default=None, ge=0, le=65_535)
    top: int | None = pixels("Upper edge of the box, from the top.", default=None, ge=0, le=65_535)
    width: int | None = pixels("Width of the box.", default=None, ge=1, le=MAX_SIDE)
    height: int | None = pixels("Height of the box.", default=None, ge=1, le=MAX_SIDE)
    aspect_ratio: AspectRatio | None = Field(
        default=None, description="Width by height of the largest box that fits, for example `16:9`."
    )
    gravity: Gravity | None = Field(
        default=None,
        description="Where the box goes where `left` and `top` do not say it; `center` where nothing does. `entropy`"
        " keeps the most detail, `attention` what people look at.",
    )
    focal_point: FocalPoint | None = Field(
        default=None, description="What to keep nearest to the middle: x and y, each 0 (left, top) to 1."
    )

    @model_validator(mode="after")
    def _is_one_box(self) -> Self:
        sides = (self.width is None, self.height is None)
        if (self.left is None) != (self.top is None):
            raise ValueError("left and top go together")
        if any(sides) != all(sides):
            raise ValueError("width and height go together")
        if all(sides) == (self.aspect_ratio is None):
            raise ValueError("crop needs either width and height, or aspect_ratio")
        if self.left is not None and self.aspect_ratio is not None:
            raise ValueError("aspect_ratio takes the largest box; left and top need width and height")
        if sum(given is not None for given in (self.left, self.gravity, self.focal_point)) > 1:
            raise ValueError("left and top, gravity, and focal_point exclude each other")
        return self

    def sized(self, size: Size) -> Size:
        """Raises UnsuitableImage where the box begins outside."""
        if self.aspect_ratio is not None:
            return largest_within(size, self.aspect_ratio)
        left, top = self.left or 0, self.top or 0
        if left >= size[0] or top >= size[1]:
            raise UnsuitableImage(
                f"The crop begins at {left}, {top}, but the image is only {size[0]} × {size[1]} pixels;"
                " send a larger one, or use a recipe that crops by aspect ratio."
            )
        return min(self.width or 1, size[0] - left), min(self.height or 1, size[1] - top)

    def share(self, size: Size) -> float | None:
        """The largest part of a shape can be taken at any scale. A box in pixels may cut off a border: nothing of that
        is to be mixed into the pixels at its edges.
        """
        return 1.0 if self.aspect_ratio is None else None

    def apply(self, picture: Picture) -> Picture:
        inner = self.sized(picture.size)
        left, top = self._corner(picture, inner)
        return cut(picture, (left, top, left + inner[0], top + inner[1]), inner)

    def _corner(self, picture: Picture, inner: Size) -> tuple[int, int]:
        if self.left is not None and self.top is not None:
            return self.left, self.top
        if self.focal_point is not None:
            return by_point(picture.size, inner, (self.focal_point[0], self.focal_point[1]))
        return placed(picture, picture.size, inner, self.gravity or "center")
