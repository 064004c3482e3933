"""What the bytes of an output depend on besides the file and the recipe."""

from functools import cache
from importlib import metadata

from PIL import __version__ as pillow
from PIL import features

from app.imaging import libvips, resampling

PIPELINE = 2
"""Raised by whoever changes what the pipeline makes of the same file and the same recipe."""

_LIBRARIES = ("jpg", "webp", "avif", "littlecms2", "freetype2", "raqm")
_PACKAGES = ("pillow-heif", "pypdfium2")


@cache
def version() -> str:
    """The pipeline's number and the versions of Pillow, its codecs, what else decodes, and what resamples."""
    libraries = [f"{name}-{features.version(name)}" for name in _LIBRARIES]
    packages = [f"{name}-{metadata.version(name)}" for name in _PACKAGES]  # without importing them
    parts = [f"pillow-{pillow}", *libraries, *packages, libvips.version(), resampling.SIMD]
    return f"{PIPELINE}/{'+'.join(filter(None, parts))}"
