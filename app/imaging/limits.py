"""How much one file may be to decode, checked from its header."""

from dataclasses import dataclass

from app.errors import TooManyBytes, TooManyFrames, TooManyPixels, UnsupportedFile
from app.imaging.condition import Traits
from app.imaging.formats import PDF
from app.imaging.frames import MAX_COUNTED
from app.imaging.picture import Size

_MEGAPIXEL = 1_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """`max_pixels` counts those of all the frames of an animation together; `max_frames` is less than 1000.

    `accept` are media types; None is every image. `max_bytes` is the size of the file; None is no limit. Of a file with
    pages no more than the first `max_pages` are made.
    """

    max_pixels: int
    max_frames: int
    accept: tuple[str, ...] | None = None
    max_bytes: int | None = None
    max_pages: int = 100


def check_known(traits: Traits, limits: Limits, *, animates: bool) -> None:
    """The same as when the file is opened, for one that was opened before. Raises a FileError.

    How large a page of a PDF becomes, each recipe says for itself: what another one has made of it tells nothing.
    """
    check_type(traits.media_type, limits)
    if traits.media_type == PDF:
        return
    check_pixels(traits.size, limits.max_pixels)
    if animates:
        check_animation(traits.size, traits.shown, limits)


def check_file(size: int, limits: Limits) -> None:
    """Raises TooManyBytes."""
    if limits.max_bytes is not None and size > limits.max_bytes:
        raise TooManyBytes(
            f"The file has {size:,} bytes; the recipe takes {limits.max_bytes:,}. Send a smaller one, or take another"
            " recipe."
        )


def check_type(media_type: str, limits: Limits) -> None:
    """Raises UnsupportedFile for what is read, but not by this recipe."""
    if limits.accept is None and media_type == PDF:
        raise UnsupportedFile(
            "It is a PDF, and this recipe takes images. Take the recipe pdf-pages, or one of your own whose"
            f" input.accept names {PDF}."
        )
    if limits.accept is not None and media_type not in limits.accept:
        raise UnsupportedFile(f"It is {media_type}; this recipe takes {', '.join(limits.accept)}. Take another recipe.")


def check_pixels(size: Size | None, max_pixels: int) -> None:
    """Of one picture; None is a size that is not known yet. Raises TooManyPixels."""
    if size is None or size[0] * size[1] <= max_pixels:
        return
    width, height = size
    actual, limit = _in_words(width * height, max_pixels)
    raise TooManyPixels(
        f"The image is {width} × {height} = {actual}; the limit is {limit}. Send a smaller image or raise MAX_PIXELS."
    )


def check_page(size: Size, dpi: int, max_pixels: int) -> None:
    """Of a document, at this resolution. Raises TooManyPixels."""
    if size[0] * size[1] > max_pixels:
        actual, limit = _in_words(size[0] * size[1], max_pixels)
        raise TooManyPixels(
            f"The page is {size[0]} × {size[1]} = {actual} at {dpi} dpi; the limit is {limit}. Take a recipe with fewer"
            " dpi, or raise MAX_PIXELS."
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
