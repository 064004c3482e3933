"""The limit: the codecs that the pipeline uses, with all tactics written out by hand, and nothing else.

No graph, no limits, no colours, no orientation, no metadata: it believes the file. The placeholder and the dominant
colour are results like the others; `codecs.py` goes without them.
"""

from pathlib import Path
from typing import Any

import cykooz_resizer as simd
from PIL import Image

from app.imaging import libvips
from app.imaging.portrait import dominant_colour, miniature, placeholder
from bench.imaging.saving import Size, animation, fitted, options

Box = tuple[float, float, float, float]
_LANCZOS = simd.ResizeAlg.convolution(simd.FilterType.lanczos3)


def make(job: dict[str, Any]) -> None:
    tiny = miniature(pictures(job))
    placeholder(tiny)
    dominant_colour(tiny)


def pictures(job: dict[str, Any]) -> Image.Image:
    """Returns the smallest that was made."""
    if job["animated"]:
        return animation(job)
    image, size, box = decoded(Path(job["source"]), job["outputs"][0]["width"])
    for output in job["outputs"]:
        if image.width != output["width"]:
            image, box = resized(image, fitted(size, output["width"]), box), None
        image.save(output["path"], **options(output))
    return image


def decoded(source: Path, width: int) -> tuple[Image.Image, Size, Box]:
    """The pixels at a fraction, the size of all of them, and the box that they fill."""
    with Image.open(source) as image:
        if image.format == "PNG":
            factor = max(1, int(image.width / width / 1.6))
            box = (0, 0, image.width / factor, image.height / factor)
            return libvips.decoded_png(source, factor), image.size, box
        size = image.size
        _, box = image.draft(None, fitted(size, width))
        image.load()
        return image, size, box


def resized(image: Image.Image, size: Size, box: Box | None) -> Image.Image:
    result = Image.new(image.mode, size)
    where = simd.CropBox(*box) if box else None  # the left upper corner is 0, 0: its right edge is its width
    simd.Resizer().resize_pil(image, result, simd.ResizeOptions(_LANCZOS, crop_box=where))
    return result
