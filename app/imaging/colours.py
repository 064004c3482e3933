"""
Everything becomes sRGB, 8 bits, without a profile: what every browser shows alike.

Relative colorimetric with black point compensation: colours inside sRGB stay exactly what they were (perceptual may
move them all), and the shadows of CMYK scans, whose black is not sRGB's, are kept apart instead of clipped.
An untagged image is sRGB already, untagged CMYK is converted by complement (the ink that it was meant for is unknown).
"""

import io
from functools import lru_cache

from PIL import Image, ImageChops, ImageCms

_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SAME = 2
"""Two profiles that differ by no more than this, in levels of 255, are the same but for rounding."""


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB, or RGBA where any pixel is not opaque. Alpha is carried past the conversion untouched."""
    if image.mode not in ("LA", "RGBA"):
        return _converted(image, profile)
    alpha = image.getchannel("A")
    colour = _converted(image.convert(image.mode[:-1]), profile)
    if alpha.getextrema() != (255, 255):
        colour.putalpha(alpha)
    return colour


def _converted(colour: Image.Image, profile: bytes | None) -> Image.Image:
    transform = None if profile is None else _transform(profile, colour.mode)
    if transform is None:  # Pillow's own conversion, by complement from CMYK and by LittleCMS from LAB
        return colour.convert("RGB")
    return transform.apply(colour.convert(transform.input_mode))


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """
    The way to sRGB; None where there is nothing to do, or where the profile is broken or not for this mode.

    Building it costs more than applying it to a small image, and a photographer's files share one profile.
    """
    try:
        parsed = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        input_mode = _MODES.get(parsed.profile.xcolor_space.strip())
        # Greyscale with an RGB profile is grey in that RGB, as in browsers; every other mismatch is a mistake.
        if input_mode is None or (input_mode != mode and (mode, input_mode) != ("L", "RGB")):
            return None
        transform = _build(parsed, input_mode)
        return None if _changes_nothing(transform) else transform
    except MemoryError:
        raise
    except Exception:  # LittleCMS by way of Pillow: OSError, PyCMSError, ValueError, TypeError, RuntimeError
        return None


def _build(profile: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.ImageCmsTransform(
        profile,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
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
