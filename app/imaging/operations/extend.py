"""`extend`: more room around the picture."""

from collections.abc import Callable
from typing import ClassVar, Literal, Self

from PIL import Image, ImageFilter
from pydantic import Field, model_validator

from app.imaging.aspect_ratio import AspectRatio, smallest_around
from app.imaging.canvas import mirrored, placed_on
from app.imaging.operation import MAX_SIDE, Colour, Operation, limited, pixels
from app.imaging.picture import Box, Picture, Size, each, settled
from app.imaging.placement import CompassPoint, on_ground
from app.imaging.resampling import resampled

_BLURRED_AT = 160
"""Pixels of the longer side at which a ground is blurred: what is left of it after that needs no more of them."""
_BLUR = 0.025
"""The standard deviation of the blur, as a share of the longer side: 48 pixels of 1920."""


class Extend(Operation):
    """Add room: so many pixels on each side, or as much as an `aspect_ratio` takes."""

    example: ClassVar = {"aspect_ratio": "16:9", "mode": "blur"}

    top: int | None = pixels("Added above.", default=None, ge=0, le=MAX_SIDE)
    right: int | None = pixels("Added on the right.", default=None, ge=0, le=MAX_SIDE)
    bottom: int | None = pixels("Added below.", default=None, ge=0, le=MAX_SIDE)
    left: int | None = pixels("Added on the left.", default=None, ge=0, le=MAX_SIDE)
    aspect_ratio: AspectRatio | None = Field(
        default=None,
        description="Width by height of the result, for example `16:9`: the smallest that the picture fits within.",
    )
    gravity: CompassPoint = Field(
        default="center", description="Where an `aspect_ratio` puts the picture: a side, a corner or `center`."
    )
    mode: Literal["background", "blur", "mirror"] = Field(
        default="background",
        description="What is added: a colour; the picture itself, enlarged until it covers all and blurred; or the"
        " picture reflected at its edges.",
    )
    background: Colour = Field(default="transparent", description="The colour that mode `background` adds.")

    @model_validator(mode="after")
    def _adds_one_thing(self) -> Self:
        sides = (self.top, self.right, self.bottom, self.left)
        if all(side is None for side in sides) == (self.aspect_ratio is None):
            raise ValueError("extend needs either top, right, bottom or left, or aspect_ratio")
        if self.aspect_ratio is None and "gravity" in self.model_fields_set:
            raise ValueError(
                "gravity places a picture in an aspect_ratio; top, right, bottom and left do so themselves"
            )
        if self.mode != "background" and "background" in self.model_fields_set:
            raise ValueError(f"mode {self.mode} shows no background")
        return self

    def sized(self, size: Size) -> Size:
        """Raises UnsuitableImage where a side gets too long."""
        return limited(self._around(size), "extended picture")

    def apply(self, picture: Picture) -> Picture:
        picture = settled(picture)
        inner, outer = picture.size, self.sized(picture.size)
        if outer == inner:
            return picture
        at = self._place(inner, outer)
        if self.mode == "background":
            return placed_on(picture, outer, at, self.background)
        return each(picture, (_on_its_blur if self.mode == "blur" else _mirror)(outer, at))

    def _around(self, size: Size) -> Size:
        if self.aspect_ratio is not None:
            return smallest_around(size, self.aspect_ratio)
        return (
            size[0] + (self.left or 0) + (self.right or 0),
            size[1] + (self.top or 0) + (self.bottom or 0),
        )

    def _place(self, inner: Size, outer: Size) -> tuple[int, int]:
        """Left and top of the picture in the result."""
        if self.aspect_ratio is not None:
            return on_ground(outer, inner, self.gravity)
        return self.left or 0, self.top or 0


def _mirror(outer: Size, at: tuple[int, int]) -> Callable[[Image.Image], Image.Image]:
    def mirror(frame: Image.Image) -> Image.Image:
        left, top = at
        return mirrored(frame, left, top, outer[0] - left - frame.width, outer[1] - top - frame.height)

    return mirror


def _on_its_blur(outer: Size, at: tuple[int, int]) -> Callable[[Image.Image], Image.Image]:
    scale = min(1.0, _BLURRED_AT / max(outer))
    small = max(1, round(outer[0] * scale)), max(1, round(outer[1] * scale))
    blur = ImageFilter.GaussianBlur(_BLUR * max(small))

    def put(frame: Image.Image) -> Image.Image:
        ground = _filtered(resampled(frame, small, box=_covering(frame.size, outer)), blur)
        ground = ground.resize(outer, Image.Resampling.BICUBIC)
        if frame.mode == "RGBA":
            ground.alpha_composite(frame, at)
        else:
            ground.paste(frame, at)
        return ground

    return put


def _filtered(image: Image.Image, blur: ImageFilter.GaussianBlur) -> Image.Image:
    """Alpha premultiplied, or the colours of what is transparent would come to be seen."""
    return image.convert("RGBa").filter(blur).convert("RGBA") if image.mode == "RGBA" else image.filter(blur)


def _covering(inner: Size, outer: Size) -> Box:
    """The part in the middle of a picture that covers `outer` once it is enlarged."""
    scale = min(inner[0] / outer[0], inner[1] / outer[1])
    width, height = outer[0] * scale, outer[1] * scale
    left, top = max(0.0, (inner[0] - width) / 2), max(0.0, (inner[1] - height) / 2)
    return left, top, min(left + width, inner[0]), min(top + height, inner[1])
