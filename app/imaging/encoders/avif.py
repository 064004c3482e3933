"""AVIF: the smallest photographs; slow to make."""

from typing import Any, ClassVar

from pydantic import Field

from app.imaging.lossy import Lossy


class Avif(Lossy):
    """Lossy, with transparency; an animation's first frame."""

    pillow_name: ClassVar = "AVIF"
    human_name: ClassVar = "AVIF"
    media_type: ClassVar = "image/avif"
    extension: ClassVar = "avif"
    max_side: ClassVar = 32_768  # what libavif decodes by default

    quality: int = Field(default=60, ge=1, le=100, description="Of the picture, 1 to 100; 60 is as good as JPEG 80.")
    effort: int = Field(default=2, ge=0, le=9, description="How hard the encoder tries; its speed is 10 - effort.")

    def options(self) -> dict[str, Any]:
        # One thread: the workers are processes, one for each core.
        return {"speed": 10 - self.effort, "subsampling": "4:2:0", "max_threads": 1}
