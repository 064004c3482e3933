"""Aspect ratios, as recipes write them, and the boxes that have them."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from app.imaging.picture import Size

_RATIO = re.compile(r"(\d{1,5}(?:\.\d{1,4})?)[:/](\d{1,5}(?:\.\d{1,4})?)")


def _ratio(value: str) -> str:
    match = _RATIO.fullmatch(value)
    if not match or not 0.01 <= float(match[1]) / (float(match[2]) or 1e9) <= 100:
        raise ValueError(f"{value[:20]!r} is no aspect ratio; write for example 16:9, from 1:100 to 100:1")
    return value


AspectRatio = Annotated[str, Field(max_length=24), AfterValidator(_ratio)]


def largest_within(size: Size, aspect_ratio: str) -> Size:
    """The largest box of this ratio that fits within; at least one pixel."""
    ratio = _number(aspect_ratio)
    return (max(1, round(size[1] * ratio)), size[1]) if size[1] * ratio <= size[0] else _by_width(size, ratio)


def smallest_around(size: Size, aspect_ratio: str) -> Size:
    """The smallest box of this ratio that the size fits within."""
    ratio = _number(aspect_ratio)
    return (round(size[1] * ratio), size[1]) if size[1] * ratio >= size[0] else _by_width(size, ratio)


def _by_width(size: Size, ratio: float) -> Size:
    return size[0], max(1, round(size[0] / ratio))


def _number(aspect_ratio: str) -> float:
    """Width by height."""
    width, height = re.split("[:/]", aspect_ratio)
    return float(width) / float(height)
