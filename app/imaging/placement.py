"""Where in a picture a smaller box goes: by a side or corner, by a point, or by what the picture shows."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from app.imaging import saliency
from app.imaging.picture import Picture, Size, scaled, settled

CompassPoint = Literal[
    "center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"
]  # fmt: skip
"""As in sharp."""
Gravity = CompassPoint | Literal["entropy", "attention"]
"""`entropy` and `attention` look at the picture (app/imaging/saliency.py)."""

Fraction = Annotated[float, Field(ge=0, le=1)]
FocalPoint = Annotated[list[Fraction], Field(min_length=2, max_length=2)]
"""x and y from the left and from the top, each 0 to 1."""

_LOOKED_AT = 256
"""Saliency is found on no more pixels than this on the longer side."""


def by_gravity(outer: Size, inner: Size, gravity: str) -> tuple[int, int]:
    """Left and top of the inner box; odd rests go to the left and the top, as in sharp's `cover`."""
    room_x, room_y = outer[0] - inner[0], outer[1] - inner[1]
    left = 0 if "west" in gravity else room_x if "east" in gravity else (room_x + 1) // 2
    top = 0 if "north" in gravity else room_y if "south" in gravity else (room_y + 1) // 2
    return left, top


def on_ground(ground: Size, picture: Size, gravity: str) -> tuple[int, int]:
    """Left and top of a picture on a larger ground; odd rests go to the right and below, as in sharp's `contain`."""
    left, top = by_gravity(picture, ground, gravity)  # of the ground in the picture
    return -left, -top


def by_point(outer: Size, inner: Size, point: tuple[float, float]) -> tuple[int, int]:
    """Left and top of the inner box whose middle is as near to the point as the edges allow; 0 to 1 each."""
    left, top = (
        min(max(round(at * whole - part / 2), 0), whole - part)
        for at, whole, part in zip(point, outer, inner, strict=True)
    )
    return left, top


def placed(picture: Picture, outer: Size, inner: Size, gravity: Gravity) -> tuple[int, int]:
    """Left and top of the inner box in `outer`, which is the size that the picture is thought to have."""
    if gravity not in ("entropy", "attention"):
        return by_gravity(outer, inner, gravity)
    scale = min(1.0, _LOOKED_AT / max(picture.size))
    still = replace(picture, frames=picture.frames[:1])
    small = settled(scaled(still, _rounded(picture.size, scale))).image
    window = min(1.0, inner[0] / outer[0]), min(1.0, inner[1] / outer[1])
    return by_point(outer, inner, saliency.best(small, window, gravity))


def _rounded(size: Size, scale: float) -> Size:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
