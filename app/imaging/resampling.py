"""Resampling: the one part of the work in which Pillow is ten times slower than the machine.

cykooz-resizer, the Python side of the Rust crate fast_image_resize, has Pillow's filters in SIMD and works on Pillow's
own pixels in place. It has to know how Pillow lays them out in memory, so that it is only used with the Pillow that it
was tested with. Otherwise, and for the modes and filters that it does not have, Pillow does the work.
"""

from importlib.metadata import PackageNotFoundError, version

import PIL
from PIL import Image

_TESTED = "13.0."
"""The Pillow whose layout cykooz-resizer is known to have right: a test compares the two."""

try:
    import cykooz_resizer as simd

    SIMD = f"cykooz-resizer-{version('cykooz-resizer')}" if PIL.__version__.startswith(_TESTED) else None
except (ImportError, PackageNotFoundError):  # there is none for Linux on ARM
    SIMD = None
"""What resamples instead of Pillow, with its version; None for Pillow itself."""

# Pillow first shrinks by whole factors to no less than this many times the target, then takes the filter for the rest.
# 12 MP of noise, the worst case, to 800 px: 2.0 takes 58 ms and is 46.7 dB from plain Lanczos, 3.0 takes 135 ms and is
# plain Lanczos, 1.1 takes 27 ms and has 38.8 dB. JPEG q80 alone costs more than 2.0 does. Plain Lanczos by SIMD: 11 ms.
REDUCING_GAP = 2.0


def resampled(
    image: Image.Image,
    size: tuple[int, int],
    kernel: Image.Resampling = Image.Resampling.LANCZOS,
    box: tuple[float, float, float, float] | None = None,
) -> Image.Image:
    """The part of the image within the box at another size; LA and RGBA premultiplied, so that transparent pixels do
    not bleed into the edges.
    """
    if SIMD and kernel in _FILTERS:
        if image.mode in _MODES:
            return _by_simd(image, size, kernel, box or (0, 0, *image.size))
        if image.mode == "LA":
            return resampled(image.convert("RGBA"), size, kernel, box).convert("LA")
    gap = None if kernel == Image.Resampling.NEAREST else REDUCING_GAP
    return image.resize(size, kernel, box=box, reducing_gap=gap)


_MODES = ("L", "RGB", "RGBA", "CMYK")
_FILTERS = {
    Image.Resampling.BILINEAR: "bilinear",
    Image.Resampling.BICUBIC: "catmull_rom",  # the same: Keys' cubic with a = -0.5
    Image.Resampling.LANCZOS: "lanczos3",
}


def _by_simd(
    image: Image.Image, size: tuple[int, int], kernel: Image.Resampling, box: tuple[float, float, float, float]
) -> Image.Image:
    left, top, right, bottom = box
    options = simd.ResizeOptions(
        simd.ResizeAlg.convolution(simd.FilterType[_FILTERS[kernel]]),
        crop_box=simd.CropBox(left, top, right - left, bottom - top),
    )
    result = Image.new(image.mode, size)
    simd.Resizer().resize_pil(image, result, options)
    return result
