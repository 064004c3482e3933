"""What stands for a picture until it is there: a BlurHash, and one colour. Both from at most 64 × 64 pixels."""

import math
from collections import defaultdict

from blurhash_rs import blurhash_encode
from PIL import Image

from app.imaging.canvas import flattened
from app.imaging.picture import resampled

_SIDE = 64
_COMPONENTS = 12
_BUCKET_BITS = 3
_VISIBLE = 128
_WHITE = "#ffffff"


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
    buckets: defaultdict[tuple[int, ...], list[tuple[int, ...]]] = defaultdict(list)
    data = small.convert("RGBA").tobytes()
    for red, green, blue, alpha in zip(data[0::4], data[1::4], data[2::4], data[3::4], strict=True):
        if alpha >= _VISIBLE:
            colour = (red, green, blue)
            buckets[tuple(channel >> (8 - _BUCKET_BITS) for channel in colour)].append(colour)
    if not buckets:
        return _WHITE
    _, colours = min(buckets.items(), key=lambda item: (-len(item[1]), item[0]))
    mean = [(2 * sum(channel) + len(colours)) // (2 * len(colours)) for channel in zip(*colours, strict=True)]
    return "#" + bytes(mean).hex()
