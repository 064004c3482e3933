"""Where to look: the part of a picture that has the most detail, or that people look at.

Of equally good windows the one nearest to the middle is taken, so that a picture of one colour gives the middle, and
the same picture always gives the same window.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from operator import mul

from PIL import Image

from app.imaging import cie

Point = tuple[float, float]
_Cells = list[float]

_OPAQUE = 128
"""Pixels with less alpha do not count in a histogram."""

_CELLS = 33
"""Attention is found on that many cells across and down; libvips takes 32, but an odd number has one in the middle."""

_FINER = (1 / 16, 1 / 32, 1 / 64, 1 / 128)
"""Around the best of the windows tried first, these steps are tried; two pixels of 256 is near enough."""


def best(image: Image.Image, window: Point, strategy: str) -> Point:
    """The middle of the best window, each 0 to 1; the window's sides are shares of the picture's.

    `image` is RGB or RGBA, of no more than 256 pixels on a side: it takes some milliseconds. `strategy` is `entropy` or
    `attention`. Transparent pixels do not count.
    """
    return _attention(image, window) if strategy == "attention" else _entropy(image, window)


def _entropy(image: Image.Image, window: Point) -> Point:
    """The window whose histogram of red, green and blue has the most Shannon entropy, in bits, over its opaque pixels.

    vips_smartcrop_entropy (https://github.com/libvips/libvips/blob/master/libvips/conversion/smartcrop.c) takes strips
    off the duller side until the window is left; here whole windows are compared by the same measure, on a grid that is
    then made finer around the best one.
    """
    bits = _bits_of(image)
    size = max(1, round(image.width * window[0])), max(1, round(image.height * window[1]))
    room = image.width - size[0], image.height - size[1]

    def worth(at: Point) -> tuple[float, float]:
        left, top = (round(free * share) for free, share in zip(room, at, strict=True))
        return round(bits((left, top, left + size[0], top + size[1])), 6), -math.dist(at, (0.5, 0.5))

    across, down = _places(room[0], window[0], room[1]), _places(room[1], window[1], room[0])
    at = max(((x, y) for y in down for x in across), key=worth)
    for step in _FINER:
        at = max(_around(at, step, room), key=worth)
    x, y = (share * (1 - part) + part / 2 for share, part in zip(at, window, strict=True))
    return x, y


def _bits_of(image: Image.Image) -> Callable[[tuple[int, int, int, int]], float]:
    """Entropy of a box; times its opaque pixels where there are others, so that a window with more of them wins.

    One colour alone has log2 3 bits, because the three channels are counted in one histogram.
    """
    if image.mode != "RGBA":
        return lambda box: image.crop(box).entropy()
    colours = image.convert("RGB")
    opaque = image.getchannel("A").point(lambda alpha: 255 if alpha >= _OPAQUE else 0)

    def bits(box: tuple[int, int, int, int]) -> float:
        mask = opaque.crop(box)
        number = mask.histogram()[255]
        return number * colours.crop(box).entropy(mask) if number else 0.0

    return bits


def _places(free: int, part: float, other: int) -> list[float]:
    """Where to try windows first, as shares of the free way: denser for small windows, which cost less each."""
    if not free:
        return [0.5]
    steps = 32 if part < 0.1 or not other else 16 if part < 0.2 else 8
    return [step / steps for step in range(steps + 1)]


def _around(at: Point, step: float, room: tuple[int, int]) -> list[Point]:
    """The place itself and its eight neighbours, less those that are outside."""
    across, down = (
        [share - step, share, share + step] if free else [share] for share, free in zip(at, room, strict=True)
    )
    return [(x, y) for y in down for x in across if 0 <= x <= 1 and 0 <= y <= 1]


def _attention(image: Image.Image, window: Point) -> Point:
    """The window around the cell that draws the most attention, together with its surroundings.

    That is vips_smartcrop_attention of libvips' smartcrop.c: edges, skin and saturation of a few cells are added up and
    blurred by a tenth of the window's diagonal; the maximum is where to look.
    """
    small = image.resize((_CELLS, _CELLS), Image.Resampling.BILINEAR)
    sigma = max(1.0, _CELLS * math.hypot(*window) / 10)
    scores = _blurred(_blurred(_scores(small), sigma), sigma)  # down and across, turned back by the second

    def worth(cell: int) -> tuple[float, float]:
        return round(scores[cell], 6), -math.dist(centre(cell), (0.5, 0.5))

    def centre(cell: int) -> Point:
        x, y = (
            min(max((at + 0.5) / _CELLS, part / 2), 1 - part / 2)
            for at, part in zip((cell % _CELLS, cell // _CELLS), window, strict=True)
        )
        return x, y

    return centre(max(range(_CELLS * _CELLS), key=worth))


def _scores(small: Image.Image) -> _Cells:
    """Edges + skin + saturation of every cell, times its alpha, row by row."""
    data = small.convert("RGBA").tobytes()
    colours = list(zip(data[0::4], data[1::4], data[2::4], strict=True))
    cover = [alpha / 255 for alpha in data[3::4]]
    values = [cie.xyz(colour) for colour in colours]
    edges = _edges([100 * value[1] for value in values], cover)
    # One for being there at all, so that a black shape on a transparent ground is found.
    return [
        alpha * (5 * edge + _skin_and_saturation(value) + 1)
        for alpha, edge, value in zip(cover, edges, values, strict=True)
    ]


def _edges(lightness: _Cells, cover: _Cells) -> _Cells:
    """The Laplacian of Y, without its sign; beyond the border, and where it is transparent, there is no edge."""
    edges = []
    for cell, here in enumerate(lightness):
        x = cell % _CELLS
        near = [cell - _CELLS] * (cell >= _CELLS) + [cell + _CELLS] * (cell < _CELLS * (_CELLS - 1))
        near += [cell - 1] * (x > 0) + [cell + 1] * (x < _CELLS - 1)
        edges.append(abs(sum((here - lightness[other]) * cover[other] for other in near)))
    return edges


_SKIN = (0.78, 0.57, 0.44)
"""The direction of skin colours, from https://github.com/jwagner/smartcrop.js; libvips compares it with X, Y and Z."""


def _skin_and_saturation(value: cie.Triple) -> float:
    """100 for the colour of skin and less for others, and the chroma of CIELAB; dark areas (Y ≤ 5 of 100) have none.

    libvips has now a* where it had the chroma; the chroma finds saturated greens and blues as well.
    """
    if value[1] <= 0.05:
        return 0.0
    length = math.hypot(*value)
    skin = 100 - 100 * math.dist([part / length for part in value], _SKIN)
    _, a, b = cie.lab_of(value)
    return skin + math.hypot(a, b)


def _blurred(cells: _Cells, sigma: float) -> _Cells:
    """Each column blurred by a Gaussian, its ends repeated; the result is transposed."""
    reach = math.ceil(3 * sigma)
    kernel = [math.exp(-(at**2) / (2 * sigma**2)) for at in range(-reach, reach + 1)]
    total = sum(kernel)
    kernel = [weight / total for weight in kernel]
    result: _Cells = []
    for x in range(_CELLS):
        column = cells[x::_CELLS]
        result += _convolved([column[0]] * reach + column + [column[-1]] * reach, kernel)
    return result


def _convolved(values: Sequence[float], kernel: Sequence[float]) -> Iterator[float]:
    width = len(kernel)
    return (sum(map(mul, values[at : at + width], kernel)) for at in range(len(values) - width + 1))
