"""The format in which the file came."""

import sys
from typing import ClassVar

from pydantic import Field

from app.imaging.encoder import Encoder
from app.imaging.lossy import Quality

_QUALITY = {"jpeg": 90, "webp": 90, "avif": 75}
"""So high that a second encoding is not seen; a file whose pixels are untouched is not encoded at all."""
_HARDER: dict[str, dict[str, object]] = {"jpeg": {"progressive": True}, "png": {"effort": 9}, "webp": {"effort": 4}}
"""For `auto`, where a smaller file is all that is wanted."""
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

    quality: Quality | None = Field(
        default=None,
        description="Of a lossy format whose pixels change; left out, one at which nobody sees that it was encoded"
        " twice (JPEG and WebP 90, AVIF 75). `auto` takes the smallest file that looks like the original:"
        " encoded anew, or as it came.",
    )

    def resolved(self, media_type: str) -> Encoder:
        from app.imaging.encoders import found

        name = _FORMATS[media_type]
        settings: dict[str, object] = {"quality": self.quality or _QUALITY[name]} if name in _QUALITY else {}
        if self.quality == "auto":
            settings |= _HARDER.get(name, {})
        return found()[name](**settings)

    @property
    def smallest(self) -> bool:
        return self.quality == "auto"
