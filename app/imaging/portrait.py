"""What stands for a picture until it is there: a BlurHash, and one colour. Both from at most 64 × 64 pixels."""

import math
from operator import mul
from typing import cast

from blurhash_rs import blurhash_encode
from PIL import Image, ImageChops

from app.imaging.canvas import flattened

_SIDE = 64
_COMPONENTS = 12
_VISIBLE = 128
_WHITE = "#ffffff"
_BUCKET = 32
# Tables for `bytes.translate`, which is faster than `Image.point` with the few pixels that there are here.
_LOWEST = bytes(level - level % _BUCKET for level in range(256))  # of its bucket
_WHITE_FOR_NOTHING = bytes([255] + [0] * 255)


def miniature(image: Image.Image) -> Image.Image:
    """At most 64 pixels on a side, each the mean of a square of the image; of one that is larger, more than 32."""
    return image.reduce(math.ceil(max(image.size) / _SIDE))


def placeholder(small: Image.Image) -> str:
    """BlurHash of about 12 components shared out by the aspect ratio: 4 × 3 for a 4:3 photograph."""
    ratio = small.width / small.height
    across, down = (min(9, max(1, round(math.sqrt(_COMPONENTS * part)))) for part in (ratio, 1 / ratio))
    return blurhash_encode(flattened(small), across, down)


def dominant_colour(small: Image.Image) -> str:
    """
    The mean of the fullest of 8 × 8 × 8 equal buckets of RGB, "#rrggbb"; of equally full ones the darkest.

    Pixels less than half opaque do not count; an image without any other is white, as it is when flattened.
    """
    visible = _visible(small)
    if visible is None:
        return _WHITE
    buckets = Image.frombytes("RGB", visible.size, visible.tobytes().translate(_LOWEST))
    counted = cast("list[tuple[int, tuple[int, ...]]]", buckets.getcolors(_SIDE**2))
    count, _ = max(counted)
    fullest = min(bucket for number, bucket in counted if number == count)
    red, green, blue = ImageChops.difference(buckets, Image.new("RGB", buckets.size, fullest)).split()
    outside = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    inside = Image.frombytes("L", visible.size, outside.tobytes().translate(_WHITE_FOR_NOTHING))
    histogram = visible.histogram(inside)
    mean = bytearray()
    for band, lowest in enumerate(fullest):
        levels = range(lowest, lowest + _BUCKET)
        total = sum(map(mul, levels, histogram[256 * band + lowest :]))
        mean.append((2 * total + count) // (2 * count))
    return "#" + mean.hex()


def _visible(small: Image.Image) -> Image.Image | None:
    """RGB: the pixels that are at least half opaque; None where there are none."""
    if small.mode != "RGBA":
        return small if small.mode == "RGB" else small.convert("RGB")
    data = small.tobytes()
    pixels = [data[at : at + 3] for at in range(0, len(data), 4) if data[at + 3] >= _VISIBLE]
    return Image.frombytes("RGB", (len(pixels), 1), b"".join(pixels)) if pixels else None
