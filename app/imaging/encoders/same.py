"""The format in which the file came."""

import sys
from typing import ClassVar

from pydantic import Field

from app.imaging.encoder import Encoder

_QUALITY = {"jpeg": 90, "webp": 90, "avif": 75}
"""So high that a second encoding is not seen; a file whose pixels are untouched is not encoded at all."""
_FORMATS = {
    "image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp", "image/avif": "avif", "image/gif": "gif",
    "image/tiff": "tiff", "image/bmp": "png", "image/heic": "jpeg", "image/heif": "jpeg", "application/pdf": "jpeg",
}  # fmt: skip


class Same(Encoder):
    """The format in which the file came; BMP becomes PNG, HEIC and PDF become JPEG. Where only metadata change, a JPEG,
    PNG, WebP or GIF is not encoded again: its pixels stay exactly what they were.
    """

    pillow_name: ClassVar = ""
    human_name: ClassVar = "the file's own"
    media_type: ClassVar = ""
    extension: ClassVar = ""
    max_side: ClassVar = sys.maxsize
    animates: ClassVar = True
    copies: ClassVar = True

    quality: int | None = Field(
        default=None, ge=1, le=100, description="Of a lossy format whose pixels change; left out, one at which nobody"
        " sees that it was encoded twice (JPEG and WebP 90, AVIF 75).",
    )  # fmt: skip

    def resolved(self, media_type: str) -> Encoder:
        from app.imaging.encoders import found

        name = _FORMATS[media_type]
        quality = {"quality": self.quality or _QUALITY[name]} if name in _QUALITY else {}
        return found()[name](**quality)
