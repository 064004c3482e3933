"""What the bytes of an output depend on besides the file and the recipe."""

from functools import cache

from PIL import __version__ as pillow
from PIL import features

from app.imaging import libvips, resampling

PIPELINE = 1
"""Raised by whoever changes what the pipeline makes of the same file and the same recipe."""

_LIBRARIES = ("jpg", "webp", "avif", "littlecms2", "freetype2", "raqm")


@cache
def version() -> str:
    """The pipeline's number and the versions of Pillow, its codecs, and what helps it."""
    codecs = [f"{name}-{features.version(name)}" for name in _LIBRARIES]
    parts = [f"pillow-{pillow}", *codecs, resampling.SIMD, libvips.version()]
    return f"{PIPELINE}/{'+'.join(filter(None, parts))}"
