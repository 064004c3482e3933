"""
Everything becomes sRGB, or Display P3 where a recipe wants to keep what is outside sRGB; 8 bits a channel.

Relative colorimetric with black point compensation: colours inside the target stay exactly what they were (perceptual
may move them all), and the shadows of CMYK scans, whose black is not sRGB's, are kept apart instead of clipped.
An untagged image is sRGB already, untagged CMYK is converted by complement (the ink that it was meant for is unknown).
"""

import io
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageCms

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SAME = 2
"""Two profiles that differ by no more than this, in levels of 255, are the same but for rounding."""


Space = Literal["srgb", "display-p3"]
Levels = tuple[int, int, int, int]
"""Red, green, blue and alpha, each 0 to 255."""

_DISPLAY_P3 = Path(__file__).with_name("display-p3.icc")
"""SMPTE EG 432-1's primaries with sRGB's curve and white, adapted to D50 by Bradford: ICC version 4, 492 bytes."""


@cache
def icc_profile(space: Space) -> bytes | None:
    """What a file in this space has to be tagged with; sRGB is what an untagged one is."""
    return _DISPLAY_P3.read_bytes() if space == "display-p3" else None


def reached(mode: str, profile: bytes | None, wanted: Space) -> Space:
    """The space that `converted` gives: what is sRGB already has nothing outside it to keep."""
    return "srgb" if _profiled(mode, profile) is None else wanted


def converted(image: Image.Image, profile: bytes | None, wanted: Space = "srgb") -> Image.Image:
    """RGB, or RGBA where any pixel is not opaque. Alpha is carried past the conversion untouched."""
    if image.mode not in ("LA", "RGBA"):
        return _colours(image, profile, wanted)
    alpha = image.getchannel("A")
    colour = _colours(image.convert(image.mode[:-1]), profile, wanted)
    if alpha.getextrema() != (255, 255):
        colour.putalpha(alpha)
    return colour


def from_srgb(image: Image.Image, space: Space) -> Image.Image:
    """RGB or RGBA in sRGB, brought to the space of the picture that it is put on."""
    if space == "srgb":
        return image
    colour = _out_of_srgb(space).apply(image.convert("RGB"))
    if image.mode == "RGBA":
        colour.putalpha(image.getchannel("A"))
    return colour


@lru_cache(maxsize=64)
def colour_from_srgb(colour: Levels, space: Space | None) -> Levels:
    """A colour of the recipe, which is meant in sRGB, as the pixels of a picture in `space` write it."""
    red, green, blue = from_srgb(Image.new("RGB", (1, 1), colour[:3]), space or "srgb").tobytes()
    return red, green, blue, colour[3]


@lru_cache(maxsize=1)
def _out_of_srgb(space: Space) -> ImageCms.ImageCmsTransform:
    return _build(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")), "RGB", space)


def _colours(colour: Image.Image, profile: bytes | None, wanted: Space) -> Image.Image:
    transform = None if profile is None else _transform(profile, colour.mode, wanted)
    if transform is None:  # Pillow's own conversion, by complement from CMYK and by LittleCMS from LAB
        return colour if colour.mode == "RGB" else colour.convert("RGB")
    return transform.apply(colour.convert(transform.input_mode))


def _profiled(mode: str, profile: bytes | None) -> ImageCms.ImageCmsTransform | None:
    return None if profile is None else _transform(profile, mode.removesuffix("A"), "srgb")


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str, wanted: Space) -> ImageCms.ImageCmsTransform | None:
    """
    The way to a space; None where it is sRGB already, or where the profile is broken or not for this mode.

    Building it costs more than applying it to a small image, and a photographer's files share one profile.
    """
    try:
        parsed = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        input_mode = _MODES.get(parsed.profile.xcolor_space.strip())
        # Greyscale with an RGB profile is grey in that RGB, as in browsers; every other mismatch is a mistake.
        if input_mode is None or (input_mode != mode and (mode, input_mode) != ("L", "RGB")):
            return None
        transform = _build(parsed, input_mode, "srgb")
        if _changes_nothing(transform):
            return None
        return transform if wanted == "srgb" else _build(parsed, input_mode, wanted)
    except MemoryError:
        raise
    except Exception:  # LittleCMS by way of Pillow: OSError, PyCMSError, ValueError, TypeError, RuntimeError
        return None


def _build(profile: ImageCms.ImageCmsProfile, mode: str, space: Space) -> ImageCms.ImageCmsTransform:
    tag = icc_profile(space)
    target = ImageCms.createProfile("sRGB") if tag is None else io.BytesIO(tag)
    return ImageCms.ImageCmsTransform(
        profile,
        ImageCms.ImageCmsProfile(target),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """By effect, not by name: a profile may be called sRGB and be another, or be sRGB under any name."""
    if transform.input_mode == "CMYK":
        return False
    probe = _probe().convert(transform.input_mode)
    difference = ImageChops.difference(transform.apply(probe), probe.convert("RGB"))
    return max(difference.tobytes()) <= _SAME


@lru_cache(maxsize=1)
def _probe() -> Image.Image:
    """All combinations of 8 levels of each channel, and 256 greys."""
    levels = [round(level * 255 / 7) for level in range(8)]
    colours = [bytes((red, green, blue)) for red in levels for green in levels for blue in levels]
    greys = [bytes((grey, grey, grey)) for grey in range(256)]
    return Image.frombytes("RGB", (len(colours) + len(greys), 1), b"".join(colours + greys))
