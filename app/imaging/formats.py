"""
The formats that are read and written, each named once.

Reading is by content: Pillow is handed `INPUT_FORMATS` as its allow-list, so that none of its other forty decoders
ever sees a byte of an upload.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class InputFormat:
    pillow_name: str
    media_type: str
    human_name: str


@dataclass(frozen=True, slots=True)
class OutputFormat:
    pillow_name: str
    human_name: str
    media_type: str
    extension: str
    max_side: int
    """The longest side that the encoder writes and that common decoders read again."""
    default_effort: int | None
    max_effort: int | None
    parameters: Callable[[int, int], dict[str, Any]]
    """(quality, effort) to the keyword arguments of `Image.save`."""


INPUT_FORMATS = (
    InputFormat("JPEG", "image/jpeg", "JPEG"),
    InputFormat("PNG", "image/png", "PNG"),
    InputFormat("WEBP", "image/webp", "WebP"),
    InputFormat("AVIF", "image/avif", "AVIF"),
    InputFormat("GIF", "image/gif", "GIF"),
    InputFormat("TIFF", "image/tiff", "TIFF"),
    InputFormat("BMP", "image/bmp", "BMP"),
)
ACCEPTED_PILLOW_NAMES = tuple(accepted.pillow_name for accepted in INPUT_FORMATS)
ACCEPTED_MEDIA_TYPES = tuple(accepted.media_type for accepted in INPUT_FORMATS)

_BY_PILLOW_NAME = {accepted.pillow_name: accepted for accepted in INPUT_FORMATS}


def accepted_sentence() -> str:
    """For example "JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP"."""
    *first, last = (accepted.human_name for accepted in INPUT_FORMATS)
    return f"{', '.join(first)} or {last}"


def input_format(pillow_name: str | None) -> InputFormat:
    """MPO (a JPEG with further JPEGs behind it) is what Pillow calls the photos of many phones: it is a JPEG."""
    return _BY_PILLOW_NAME["JPEG" if pillow_name == "MPO" else pillow_name or ""]


def _jpeg(quality: int, _effort: int) -> dict[str, Any]:
    # Progressive and optimized files cost several times the CPU for a few percent fewer bytes.
    return {"quality": quality, "subsampling": "4:2:0", "progressive": False, "optimize": False}


def _webp(quality: int, effort: int) -> dict[str, Any]:
    return {"quality": quality, "method": effort, "lossless": False}


def _avif(quality: int, effort: int) -> dict[str, Any]:
    # One thread: the workers are processes, one for each core.
    return {"quality": quality, "speed": 10 - effort, "subsampling": "4:2:0", "max_threads": 1}


# 65500 is libjpeg's JPEG_MAX_DIMENSION, 16383 is WebP's 14 bits, 32768 is what libavif decodes by default.
OUTPUT_FORMATS = MappingProxyType(
    {
        "jpeg": OutputFormat("JPEG", "JPEG", "image/jpeg", "jpg", 65_500, None, None, _jpeg),
        "webp": OutputFormat("WEBP", "WebP", "image/webp", "webp", 16_383, 2, 6, _webp),
        "avif": OutputFormat("AVIF", "AVIF", "image/avif", "avif", 32_768, 2, 9, _avif),
    }
)
