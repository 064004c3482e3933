"""
Pixels that compress better without loss, at a bounded error: what libwebp does before its lossless encoder for
`cwebp -near_lossless` (VP8ApplyNearLossless in
https://chromium.googlesource.com/webm/libwebp/+/refs/tags/v1.6.0/src/enc/near_lossless_enc.c).

Pillow does not hand that setting to libwebp. libwebp itself goes this way where it predicts no pixels from their
neighbours; where it does, it rounds what is left of the prediction instead, to smaller files.
docs/quality.md says by how much.
"""

from PIL import Image, ImageChops

_SMALLEST = 64
"""Icons, below this on both sides, stay as they are."""


def simplified(image: Image.Image, level: int) -> Image.Image:
    """
    RGB or RGBA with the last bits of its values rounded away, except where it is smooth; 100 changes nothing.

    First most bits, then fewer: what has become smooth by one round is left alone in the next.
    """
    if max(image.size) < _SMALLEST or min(image.size) < 3:
        return image
    for bits in range(5 - level // 20, 0, -1):
        rounded = image.point([_rounded(value, bits) for value in range(256)] * len(image.getbands()))
        image = Image.composite(rounded, image, _busy(image, 1 << bits))
    return image


def _rounded(value: int, bits: int) -> int:
    """The nearest multiple of 2^bits, an even one where two are as near; or 255."""
    mask = (1 << bits) - 1
    biased = value + (mask >> 1) + (value >> bits & 1)
    return 255 if biased > 255 else biased & ~mask


def _busy(image: Image.Image, limit: int) -> Image.Image:
    """White where any value differs by `limit` or more from that of a neighbour on one of the four sides."""
    largest = Image.new("L", image.size)
    for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        for band in ImageChops.difference(image, ImageChops.offset(image, across, down)).split():
            largest = ImageChops.lighter(largest, band)
    inside = (1, 1, image.width - 1, image.height - 1)  # the border has no neighbours on one side, and stays
    busy = Image.new("L", image.size)
    busy.paste(largest.crop(inside).point([0] * limit + [255] * (256 - limit)), inside)
    return busy
