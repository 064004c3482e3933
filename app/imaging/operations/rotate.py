"""`rotate`: turned by an angle."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from PIL import Image, ImageChops
from pydantic import Field

from app.imaging.canvas import mirrored, placed_on
from app.imaging.operation import Colour, Operation, limited
from app.imaging.orientation import TURNED
from app.imaging.picture import Picture, Size, each, settled

_EDGE = 2
"""Pixels by which bicubic interpolation looks beyond the one that it is asked for."""


class Rotate(Operation):
    """Turn the picture clockwise. By multiples of 90° no pixel changes; otherwise it grows, so that all of it fits."""

    example: ClassVar = {"angle": 15, "background": "#ffcc00"}

    angle: float = Field(
        ge=-36_000,
        le=36_000,
        description="Clockwise; a negative angle turns the other way.",
        json_schema_extra={"unit": "°"},
    )
    background: Colour = Field(
        default="transparent", description="What the corners are filled with that a slanted picture leaves empty."
    )

    def sized(self, size: Size) -> Size:
        """As libvips rounds it (transform_rect in libvips/resample/transform.c). Raises UnsuitableImage."""
        turns = self._quarter_turns()
        if turns is not None:
            return size[::-1] if turns % 2 else size
        (cosine, sine), (width, height) = self._direction(), size
        across, down = abs(width * cosine) + abs(height * sine), abs(width * sine) + abs(height * cosine)
        return limited((_rounded(across), _rounded(down)), "turned picture")

    def share(self, size: Size) -> float | None:
        """Quarter turns work at any scale."""
        return 1.0 if self._quarter_turns() is None else None

    def apply(self, picture: Picture) -> Picture:
        turns = self._quarter_turns()
        if turns is None:
            picture = settled(picture)
            slanted = each(picture, self._slant(picture.size))
            return placed_on(slanted, slanted.size, (0, 0), self.background)
        orientation = picture.orientation
        for _ in range(turns):
            orientation = TURNED[orientation]
        return replace(picture, orientation=orientation, turned=True)

    def _quarter_turns(self) -> int | None:
        """How many clockwise, 0 to 3; None for an angle between them."""
        turns, rest = divmod(self.angle, 90)
        return None if rest else int(turns) % 4

    def _direction(self) -> tuple[float, float]:
        """Cosine and sine."""
        angle = math.radians(self.angle % 360)
        return math.cos(angle), math.sin(angle)

    def _slant(self, size: Size) -> Callable[[Image.Image], Image.Image]:
        """What turns a frame of this size. Its edges are as smooth as an area is that covers pixels in part."""
        outer, inner = self.sized(size), (size[0] + 2 * _EDGE, size[1] + 2 * _EDGE)
        matrix = self._back(outer, inner)
        shape = Image.new("L", inner)
        shape.paste(255, (_EDGE, _EDGE, inner[0] - _EDGE, inner[1] - _EDGE))
        covered = shape.transform(outer, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR)

        def slant(frame: Image.Image) -> Image.Image:
            # Up to the edge and beyond there are colours to interpolate, so that nothing dark bleeds in; where the
            # picture ends is for the alpha to say. Pillow premultiplies RGBA for a transform.
            wide = mirrored(frame, _EDGE, _EDGE, _EDGE, _EDGE)
            turned = wide.transform(outer, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
            alpha = ImageChops.multiply(turned.getchannel("A"), covered) if turned.mode == "RGBA" else covered
            turned.putalpha(alpha)
            return turned

        return slant

    def _back(self, outer: Size, inner: Size) -> tuple[float, ...]:
        """The affine map from a place in the result to that in the frame, middle on middle."""
        cosine, sine = self._direction()
        x, y = outer[0] / 2, outer[1] / 2
        return (
            cosine, sine, inner[0] / 2 - cosine * x - sine * y,
            -sine, cosine, inner[1] / 2 + sine * x - cosine * y,
        )  # fmt: skip


def _rounded(length: float) -> int:
    return max(1, math.floor(length + 0.5))
