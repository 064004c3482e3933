"""WebP: smaller than JPEG, with transparency and animation, in every current browser."""

from collections.abc import Mapping
from typing import IO, Any, ClassVar

from pydantic import Field

from app.imaging.lossy import Lossy
from app.imaging.picture import Picture
from app.imaging.webp import flagged, is_extended

_MAX_PLAYS = 65_535
_MAX_MILLISECONDS = 2**24 - 1
_KEY_FRAMES = {"kmin": 29, "kmax": 30}
"""One in 30. By default libwebp may choose, and encodes most frames twice for it: 20 % more work, and no smaller."""


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

    def write(self, picture: Picture, options: Mapping[str, Any], buffer: IO[bytes]) -> None:
        """libwebp does not mark an animation as transparent whose ground only shows beside its frames."""
        super().write(picture, options, buffer)
        if picture.animated and picture.has_alpha:
            buffer.seek(0)
            if is_extended(data := buffer.read()):
                buffer.seek(0)
                buffer.write(flagged(data))

    def timing(self, picture: Picture) -> dict[str, Any]:
        durations = [min(duration, _MAX_MILLISECONDS) for duration in picture.durations]
        return {"duration": durations, "loop": min(picture.loop, _MAX_PLAYS), **_KEY_FRAMES}
