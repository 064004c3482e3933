"""How much one file may be to decode, checked from its header."""

from dataclasses import dataclass

from app.errors import TooManyFrames, TooManyPixels
from app.imaging.frames import MAX_COUNTED
from app.imaging.picture import Size

_MEGAPIXEL = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_pixels` counts those of all the frames of an animation together; `max_frames` is less than 1000."""

    max_pixels: int
    max_frames: int


def check_pixels(size: Size | None, max_pixels: int) -> None:
    """Of one picture; None is a size that is not known yet. Raises TooManyPixels."""
    if size is None or size[0] * size[1] <= max_pixels:
        return
    width, height = size
    actual, limit = _in_words(width * height, max_pixels)
    raise TooManyPixels(
        f"The image is {width} × {height} = {actual}; the limit is {limit}. Send a smaller image or raise MAX_PIXELS."
    )


def check_animation(size: Size, frames: int, limits: Limits) -> None:
    """Of one that is kept animated. Raises TooManyFrames, or TooManyPixels for all frames together."""
    if frames > limits.max_frames:
        number = f"at least {frames}" if frames == MAX_COUNTED else str(frames)
        raise TooManyFrames(
            f"The animation has {number} frames; the limit is {limits.max_frames}. Send a shorter one, raise MAX_FRAMES"
            " or the recipe's max_frames, or take a recipe whose outputs are all still, such as JPEG."
        )
    pixels = size[0] * size[1] * frames
    if pixels > limits.max_pixels:
        actual, limit = _in_words(pixels, limits.max_pixels)
        raise TooManyPixels(
            f"The animation is {frames} frames of {size[0]} × {size[1]} = {actual}; the limit is {limit}. Send a"
            " shorter or smaller one, raise MAX_PIXELS, or take a recipe whose outputs are all still, such as JPEG."
        )


def _in_words(pixels: int, limit: int) -> tuple[str, str]:
    """In megapixels, unless they would look the same."""
    actual, most = f"{pixels / _MEGAPIXEL:.1f} megapixels", f"{limit / _MEGAPIXEL:.1f}"
    if f"{most} megapixels" == actual or limit < _MEGAPIXEL:
        return f"{pixels:,} pixels", f"{limit:,}"
    return actual, most
