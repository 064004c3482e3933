"""JPEG: photographs, everywhere."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from app.imaging.lossy import Lossy


class Jpeg(Lossy):
    """Lossy, without transparency (what is transparent becomes white) and without animation."""

    pillow_name: ClassVar = "JPEG"
    human_name: ClassVar = "JPEG"
    media_type: ClassVar = "image/jpeg"
    extension: ClassVar = "jpg"
    max_side: ClassVar = 65_500  # libjpeg's JPEG_MAX_DIMENSION
    transparent: ClassVar = False

    progressive: bool = Field(
        default=False,
        description="Shown coarse first, then finer: a few percent smaller for several times the work.",
    )
    chroma_subsampling: Literal["4:2:0", "4:2:2", "4:4:4"] = Field(
        default="4:2:0", description="How finely colours are kept; `4:4:4` for red text and drawings."
    )

    def options(self) -> dict[str, Any]:
        return {"subsampling": self.chroma_subsampling, "progressive": self.progressive, "optimize": self.progressive}
