"""AVIF: the smallest photographs; slow to make."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from app.imaging.lossy import Lossy, Quality


class Avif(Lossy):
    """Lossy, with transparency; an animation's first frame."""

    pillow_name: ClassVar = "AVIF"
    human_name: ClassVar = "AVIF"
    media_type: ClassVar = "image/avif"
    extension: ClassVar = "avif"
    max_side: ClassVar = 32_768  # what libavif decodes by default

    quality: Quality = Field(
        default=60,
        description="Of the picture, 1 to 100; 60 is as good as JPEG 80. `auto` finds the lowest that looks like the "
        "original, up to 95: see docs/quality.md.",
    )
    effort: int = Field(default=2, ge=0, le=10, description="How hard the encoder tries; its speed is 10 - effort.")
    chroma_subsampling: Literal["4:2:0", "4:2:2", "4:4:4"] = Field(
        default="4:2:0", description="How finely colours are kept; `4:4:4` for red text and drawings."
    )

    def options(self) -> dict[str, Any]:
        # One thread: the workers are processes, one for each core.
        return {"speed": 10 - self.effort, "subsampling": self.chroma_subsampling, "max_threads": 1}
