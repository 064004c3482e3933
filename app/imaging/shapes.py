"""Cutting pictures to a shape, with smooth edges."""

import math
from collections.abc import Callable, Iterator

from PIL import Image, ImageChops

from app.imaging.picture import Picture, Size, each, settled

HalfWidth = Callable[[float], float]
"""Half the width of a shape at a distance above or below its middle, in pixels; negative where it has ended."""

_ROWS = 16
"""Lines at which the edge is found in each row of pixels; along a line it is exact. A pixel is off by 4 % at most."""


def rounded_rectangle(size: Size, radius: float) -> HalfWidth:
    """No corner is rounder than a half circle on the shorter side."""
    radius = min(radius, size[0] / 2, size[1] / 2)
    straight = size[1] / 2 - radius

    def half_width(distance: float) -> float:
        beyond = max(0.0, distance - straight)
        return size[0] / 2 - radius + math.sqrt(max(0.0, radius * radius - beyond * beyond))

    return half_width


def circle(size: Size) -> HalfWidth:
    """The largest in the middle."""
    radius = min(size) / 2
    return lambda distance: math.sqrt(radius * radius - distance * distance) if distance < radius else -1.0


def superellipse(size: Size, power: float) -> HalfWidth:
    """|x/a|ⁿ + |y/b|ⁿ = 1 (https://en.wikipedia.org/wiki/Superellipse): 2 is an ellipse, 4 a squircle."""
    across, down = size[0] / 2, size[1] / 2
    return lambda distance: across * (1 - (distance / down) ** power) ** (1 / power) if distance < down else -1.0


def drawn(size: Size, half_width: HalfWidth) -> Image.Image:
    """A greyscale image of how much of each pixel the shape covers. It is its own mirror image in both directions."""
    upper = list(_upper_rows(size, half_width))
    lower = upper[: size[1] // 2][::-1]
    return Image.frombytes("L", size, b"".join(upper + lower))


def _upper_rows(size: Size, half_width: HalfWidth) -> Iterator[bytes]:
    width, height = size
    full = bytes([255]) * width
    for row in range((height + 1) // 2):
        distances = (abs(height / 2 - row - (line + 0.5) / _ROWS) for line in range(_ROWS))
        halves = [min(half_width(distance), width / 2) for distance in distances]
        yield full if min(halves) == width / 2 else _row(width, halves)


def _row(width: int, halves: list[float]) -> bytes:
    """One row of pixels, from the shape's half width on each line of it."""
    middle = width / 2
    outside = max(0, math.floor(middle - max(halves)))
    inside = min((width + 1) // 2, math.ceil(middle - min(halves)))
    edge = bytes(_level(at - middle, halves) for at in range(min(outside, inside), inside))
    left = bytes(inside - len(edge)) + edge + bytes([255]) * ((width + 1) // 2 - inside)
    return left + left[: width // 2][::-1]


def _level(left: float, halves: list[float]) -> int:
    """How much of the pixel from `left` to `left` + 1, counted from the middle, is covered; 0 to 255."""
    covered = sum(max(0.0, min(left + 1, half) - max(left, -half)) for half in halves)
    return round(255 * covered / len(halves))


def shaped(picture: Picture, mask: Image.Image) -> Picture:
    """What the greyscale mask, of the same size, leaves of it: white all, black nothing.

    What is cut away is gone: transparent pixels keep no colours that a file would hold, though nobody sees them.
    """
    kept = mask.point([255 * (level > 0) for level in range(256)])

    def shape(frame: Image.Image) -> Image.Image:
        alpha = ImageChops.multiply(frame.getchannel("A"), mask) if frame.mode == "RGBA" else mask
        cut = Image.new("RGBA", frame.size)
        cut.paste(frame, mask=kept)
        cut.putalpha(alpha)
        return cut

    return each(settled(picture), shape)
