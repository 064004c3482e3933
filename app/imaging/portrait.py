"""What stands for a picture until it is there: a BlurHash, and one colour. Both from at most 32 × 32 pixels."""

import math
from itertools import compress

from blurhash_rs import blurhash_encode
from PIL import Image

from app.imaging.canvas import flattened

_SIDE = 32
_COMPONENTS = 12
_WHITE = "#ffffff"
_LEVELS = 6
"""Into which a channel is divided: three of them in one byte."""
_WEIGHTS = _LEVELS**2, _LEVELS, 1
_LEVEL = [bytes(weight * (value * _LEVELS // 256) for value in range(256)) for weight in _WEIGHTS]
_VISIBLE = bytes(value >= 128 for value in range(256))


def miniature(image: Image.Image) -> Image.Image:
    """At most 32 pixels on a side, each the mean of a square of the image; of one that is larger, more than 16."""
    return image.reduce(math.ceil(max(image.size) / _SIDE))


def placeholder(small: Image.Image) -> str:
    """BlurHash of about 12 components shared out by the aspect ratio: 4 × 3 for a 4:3 photograph."""
    ratio = small.width / small.height
    across, down = (min(9, max(1, round(math.sqrt(_COMPONENTS * part)))) for part in (ratio, 1 / ratio))
    return blurhash_encode(flattened(small), across, down)


def dominant_colour(small: Image.Image) -> str:
    """
    The mean of the fullest of 6 × 6 × 6 equal buckets of RGB, "#rrggbb"; of equally full ones the darkest.

    Pixels less than half opaque do not count; an image without any other is white, as it is when flattened.
    """
    bands = _visible(small)
    if not bands[0]:
        return _WHITE
    levels = [int.from_bytes(band.translate(level)) for band, level in zip(bands, _LEVEL, strict=True)]
    buckets = sum(levels).to_bytes(len(bands[0]))  # all pixels in one addition: no byte is carried over
    fullest = max(sorted(set(buckets)), key=buckets.count)
    count = buckets.count(fullest)
    inside = buckets.translate(bytes(fullest) + b"\x01" + bytes(255 - fullest))
    return "#" + bytes((2 * sum(compress(band, inside)) + count) // (2 * count) for band in bands).hex()


def _visible(small: Image.Image) -> list[bytes]:
    """Red, green and blue of the pixels that are at least half opaque."""
    pixels, step = small.tobytes(), len(small.mode)
    bands = [pixels[band::step] for band in range(3)]
    if small.mode == "RGB":
        return bands
    seen = pixels[3::step].translate(_VISIBLE)
    return [bytes(compress(band, seen)) for band in bands]
