"""WebP: smaller than JPEG, with transparency and animation, in every current browser."""

from typing import Any, ClassVar

from pydantic import Field

from app.imaging.lossy import Lossy


class Webp(Lossy):
    """Lossy, with transparency and animation."""

    pillow_name: ClassVar = "WEBP"
    human_name: ClassVar = "WebP"
    media_type: ClassVar = "image/webp"
    extension: ClassVar = "webp"
    max_side: ClassVar = 16_383  # 14 bits
    animates: ClassVar = True

    effort: int = Field(default=2, ge=0, le=6, description="How hard the encoder tries; 6 is slowest and smallest.")

    def options(self) -> dict[str, Any]:
        return {"method": self.effort, "lossless": False}
