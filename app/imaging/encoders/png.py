"""PNG: every pixel as it is, with transparency and animation."""

from typing import Any, ClassVar

from pydantic import Field

from app.imaging.encoder import Encoder
from app.imaging.picture import Picture

_MAX_DELAY = 65_535


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

    def timing(self, picture: Picture) -> dict[str, Any]:
        return {"duration": [_writable(duration) for duration in picture.durations], "loop": picture.loop}


def _writable(milliseconds: int) -> int:
    """A delay is a fraction of a second with 16 bits above: from 65.5 s on, it is of hundredths, tenths or seconds."""
    step = next((step for step in (1, 10, 100) if milliseconds / step <= _MAX_DELAY), 1000)
    return min(round(milliseconds / step), _MAX_DELAY) * step
