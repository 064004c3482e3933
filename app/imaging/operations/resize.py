"""`resize`: another width, height or both."""

from typing import ClassVar, Literal, Self

from PIL import Image
from pydantic import Field, model_validator

from app.imaging.canvas import placed_on
from app.imaging.operation import MAX_SIDE, Colour, Operation, limited, pixels
from app.imaging.picture import Box, Picture, Size, scaled
from app.imaging.placement import Gravity, on_ground, placed

_KERNELS = {
    "nearest": Image.Resampling.NEAREST,
    "linear": Image.Resampling.BILINEAR,
    "cubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}


class Resize(Operation):
    """Change the size. With one of `width` and `height`, the other one follows; with both, `fit` decides."""

    example: ClassVar = {"width": 320, "height": 320, "fit": "cover"}

    width: int | None = pixels("Width of the result.", default=None, ge=1, le=MAX_SIDE)
    height: int | None = pixels("Height of the result.", default=None, ge=1, le=MAX_SIDE)
    fit: Literal["cover", "contain", "fill", "inside", "outside"] = Field(
        default="cover",
        description="How both are met: `cover` fills the box and cuts what stands out, `contain` fits inside and fills"
        " the rest with `background`, `fill` stretches, `inside` is as large as fits within, `outside` as small as"
        " covers it.",
    )
    without_enlargement: bool = Field(
        default=False, description="Never enlarge: a smaller picture keeps its size, as far as `fit` allows."
    )
    dpr: float = Field(default=1, ge=0.1, le=8, description="Device pixel ratio; multiplies `width` and `height`.")
    kernel: Literal["nearest", "linear", "cubic", "lanczos3"] = Field(
        default="lanczos3", description="How pixels are weighed; `nearest` keeps hard edges, as pixel art wants them."
    )
    position: Gravity = Field(
        default="center", description="What `cover` keeps, or where `contain` puts the picture: a side, a corner, or"
        " `entropy` and `attention`, which look for what matters."
    )  # fmt: skip
    background: Colour = Field(default="transparent", description="What `contain` fills the rest with.")

    @model_validator(mode="after")
    def _has_a_size(self) -> Self:
        if self.width is None and self.height is None:
            raise ValueError("resize needs width, height or both")
        if self.fit == "contain" and self.position in ("entropy", "attention"):
            raise ValueError(f"fit contain cuts nothing away, so that position can not be {self.position}")
        for name in ("width", "height"):
            side = getattr(self, name)
            if side is not None and not 1 <= self._multiplied(side) <= MAX_SIDE:
                raise ValueError(f"{name} × dpr is {side * self.dpr:g}; it must be from 1 to {MAX_SIDE}")
        return self

    def sized(self, size: Size) -> Size:
        """Raises UnsuitableImage where a side that follows the other one grows beyond MAX_SIDE."""
        result = self._box(size, self.uncut(size))
        grown = any(new > old for new, old in zip(result, size, strict=True) if new > MAX_SIDE)
        return limited(result, "resized picture") if grown else result

    def share(self, size: Size) -> float:
        if self.kernel == "nearest":
            return 1.0  # no decoder may average
        shares = [new / old for new, old in zip(self.uncut(size), size, strict=True)]
        # In proportion, the shares differ by rounding alone. The larger one would often be just above a half, a
        # quarter or an eighth, and a JPEG be decoded at twice the size for less than half a pixel.
        return min(1.0, max(shares) if self._stretches() else min(shares))

    def apply(self, picture: Picture) -> Picture:
        return self.resample(picture, picture.size)

    def resample(self, pixels: Picture, size: Size) -> Picture:
        """What a picture of this size becomes; `pixels` is that picture, which may have been made smaller already."""
        uncut = self.uncut(size)
        box = self._box(size, uncut)
        inner = min(box[0], uncut[0]), min(box[1], uncut[1])
        result = scaled(pixels, inner, _KERNELS[self.kernel], self._part(pixels, uncut, inner))
        if inner == box:
            return result
        return placed_on(result, box, on_ground(box, inner, self.position), self.background)

    def uncut(self, size: Size) -> Size:
        """What the whole picture becomes, before anything is cut away or filled up."""
        width, height = (None if side is None else self._multiplied(side) for side in (self.width, self.height))
        if width is None or height is None:
            limit = size[0] / width if width else size[1] / (height or 1)
            if self.without_enlargement and limit <= 1:
                return size
            return (width, _other(width, size)) if width else (_other(height or 1, size[::-1]), height or 1)
        if self.fit == "fill":
            return (min(width, size[0]), min(height, size[1])) if self.without_enlargement else (width, height)
        wide = width * size[1] <= height * size[0]  # the box is narrower than the picture
        by_width = wide == (self.fit in ("contain", "inside"))
        if self.without_enlargement and (width >= size[0] if by_width else height >= size[1]):
            return size
        return (width, _other(width, size)) if by_width else (_other(height, size[::-1]), height)

    def keeps_whole(self) -> bool:
        """Whether the result is the whole picture, only smaller: another resize can then be made from it."""
        one = self.width is None or self.height is None
        return self.kernel == "lanczos3" and (one or self.fit in ("inside", "outside"))

    def _part(self, pixels: Picture, uncut: Size, inner: Size) -> Box | None:
        """What is kept of the picture, in its own pixels; None for all of it."""
        if inner == uncut:
            return None
        left, top = placed(pixels, uncut, inner, self.position)
        across, down = pixels.size[0] / uncut[0], pixels.size[1] / uncut[1]
        return left * across, top * down, (left + inner[0]) * across, (top + inner[1]) * down

    def _box(self, size: Size, uncut: Size) -> Size:
        if self.width is None or self.height is None or self.fit in ("fill", "inside", "outside"):
            return uncut
        width, height = self._multiplied(self.width), self._multiplied(self.height)
        if self.fit == "contain":
            return width, height
        return min(width, uncut[0]), min(height, uncut[1])

    def _stretches(self) -> bool:
        return self.fit == "fill" and self.width is not None and self.height is not None

    def _multiplied(self, side: int) -> int:
        return int(side * self.dpr + 0.5)


def _other(side: int, size: Size) -> int:
    """The second side to the first one, in proportion; rounded half up, at least 1."""
    return max(1, (2 * size[1] * side + size[0]) // (2 * size[0]))
