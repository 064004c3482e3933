"""Sizes of outputs, and the resampling that makes them."""

from collections.abc import Iterable

from PIL import Image

# Pillow first shrinks by whole factors to no less than this many times the target, then takes Lanczos for the rest.
# 12 MP of noise, the worst case, to 800 px: 2.0 takes 58 ms and is 46.7 dB from plain Lanczos, 3.0 takes 135 ms and is
# plain Lanczos, 1.1 takes 27 ms and has 38.8 dB. JPEG q80 alone costs more than 2.0 does.
REDUCING_GAP = 2.0

Box = tuple[float, float, float, float]


def fitted(size: tuple[int, int], width: int) -> tuple[int, int]:
    """(width, height) of an output: never wider than `size`, the height rounded half up, at least 1."""
    full_width, full_height = size
    if width >= full_width:
        return size
    return width, max(1, (2 * full_height * width + full_width) // (2 * full_width))


def resized(image: Image.Image, size: tuple[int, int], box: Box | None = None) -> Image.Image:
    """Lanczos; Pillow premultiplies LA and RGBA for it, so that transparent pixels do not bleed into the edges."""
    return image.resize(size, Image.Resampling.LANCZOS, box=box, reducing_gap=REDUCING_GAP)


def cascade(largest: Image.Image, sizes: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Image.Image]:
    """Each size made from the next larger one, which costs a fraction of making each from the original."""
    images = {largest.size: largest}
    current = largest
    for size in sorted(set(sizes), reverse=True):
        if size not in images:
            images[size] = current = resized(current, size)
    return images
