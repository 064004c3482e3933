"""What stands for a picture until it is there: a BlurHash, and one colour. Both from at most 64 × 64 pixels."""

import math
from operator import mul
from typing import cast

from blurhash_rs import blurhash_encode
from PIL import Image, ImageChops

from app.imaging.canvas import flattened
from app.imaging.picture import resampled

_SIDE = 64
_COMPONENTS = 12
_VISIBLE = 128
_WHITE = "#ffffff"
# Tables for `Image.point`: of every level the lowest in its bucket; white for nothing, black for the rest.
_LOWEST = [level & 0xE0 for level in range(256)]
_WHERE_NOTHING = [255] + [0] * 255


def miniature(image: Image.Image) -> Image.Image:
    """At most 64 pixels on a side, and at least 1."""
    scale = min(1.0, _SIDE / max(image.size))
    return resampled(image, (max(1, round(image.width * scale)), max(1, round(image.height * scale))))


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
    buckets = visible.point(_LOWEST * 3)
    counted = cast("list[tuple[int, tuple[int, ...]]]", buckets.getcolors(_SIDE**2))
    count, fullest = min(counted, key=lambda bucket: (-bucket[0], bucket[1]))
    red, green, blue = ImageChops.difference(buckets, Image.new("RGB", buckets.size, fullest)).split()
    inside = ImageChops.lighter(ImageChops.lighter(red, green), blue).point(_WHERE_NOTHING)
    levels = visible.histogram(inside)
    sums = (sum(map(mul, range(256), levels[band : band + 256])) for band in (0, 256, 512))
    return "#" + bytes((2 * total + count) // (2 * count) for total in sums).hex()


def _visible(small: Image.Image) -> Image.Image | None:
    """RGB: the pixels that are at least half opaque; None where there are none."""
    if small.mode != "RGBA":
        return small.convert("RGB")
    data = small.tobytes()
    pixels = [data[at : at + 3] for at in range(0, len(data), 4) if data[at + 3] >= _VISIBLE]
    return Image.frombytes("RGB", (len(pixels), 1), b"".join(pixels)) if pixels else None
