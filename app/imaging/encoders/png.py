"""PNG: every pixel as it is, with transparency and animation."""

from typing import Any, ClassVar

from pydantic import Field

from app.imaging.encoder import Encoder


class Png(Encoder):
    """Lossless, with transparency; an animation becomes an APNG, which shows its first frame where it is not known."""

    pillow_name: ClassVar = "PNG"
    human_name: ClassVar = "PNG"
    media_type: ClassVar = "image/png"
    extension: ClassVar = "png"
    max_side: ClassVar = 65_535  # libpng's own limit is 1,000,000, far beyond what viewers show
    animates: ClassVar = True

    effort: int = Field(default=6, ge=0, le=9, description="How hard zlib tries; 0 does not compress, 9 is slowest.")

    def options(self) -> dict[str, Any]:
        return {"compress_level": self.effort}
