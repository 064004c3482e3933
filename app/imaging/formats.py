"""
The formats that are read, each named once.

It is by content: Pillow is handed the images among them as its allow-list, so that none of its other forty decoders
ever sees a byte of an upload. A PDF is read by PDFium, and only for recipes that name it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputFormat:
    pillow_name: str
    media_type: str
    human_name: str


INPUT_FORMATS = (
    InputFormat("JPEG", "image/jpeg", "JPEG"),
    InputFormat("PNG", "image/png", "PNG"),
    InputFormat("WEBP", "image/webp", "WebP"),
    InputFormat("AVIF", "image/avif", "AVIF"),
    InputFormat("HEIF", "image/heic", "HEIC"),
    InputFormat("GIF", "image/gif", "GIF"),
    InputFormat("TIFF", "image/tiff", "TIFF"),
    InputFormat("BMP", "image/bmp", "BMP"),
)
HEIF = "image/heif"
"""What HEIC is called where it does not say how its pixels are coded."""
PDF = "application/pdf"
ANIMATED = ("image/gif", "image/png", "image/webp", "image/avif")
"""Several pictures in a file of these are shown one after the other."""
PAGED = ("image/tiff", PDF)
"""Several pictures in a file of these are pages."""

ACCEPTED_PILLOW_NAMES = tuple(accepted.pillow_name for accepted in INPUT_FORMATS)
ACCEPTED_MEDIA_TYPES = (*(accepted.media_type for accepted in INPUT_FORMATS), HEIF, PDF)

_BY_PILLOW_NAME = {accepted.pillow_name: accepted for accepted in INPUT_FORMATS}


def accepted_sentence() -> str:
    """The images that every recipe takes: "JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF or BMP"."""
    *first, last = (accepted.human_name for accepted in INPUT_FORMATS)
    return f"{', '.join(first)} or {last}"


def input_format(pillow_name: str | None) -> InputFormat:
    """MPO (a JPEG with further JPEGs behind it) is what Pillow calls the photos of many phones: it is a JPEG."""
    return _BY_PILLOW_NAME["JPEG" if pillow_name == "MPO" else pillow_name or ""]
