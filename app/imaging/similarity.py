"""
How alike two pictures are: structural similarity, SSIM (Wang, Bovik, Sheikh, Simoncelli: Image quality assessment: from
error visibility to structural similarity, IEEE Transactions on Image Processing 13(4), 2004).

On luminance, with the paper's constants and the mean as its pooling. The paper weighs every window by a Gaussian of
σ 1.5 and has a window at every pixel; here the weights are a triangle of ±4 pixels (σ 4/√6 = 1.63), which is Pillow's
bilinear filter at a quarter of the size, at every fourth pixel. docs/quality.md says what that saves and changes.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageMath

from app.imaging.canvas import flattened

_STEP = 4
_BAND_ROWS = 256
"""Pictures are compared in bands of about so many rows: floating point copies of all of a large one are gigabytes."""
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_GROUNDS = ((255, 255, 255), (0, 0, 0))


class Reference:
    """A picture, RGB or RGBA, that others are compared with. What is known of it alone is computed once."""

    def __init__(self, image: Image.Image) -> None:
        self._grounds = _GROUNDS if image.mode == "RGBA" else _GROUNDS[:1]
        self._pictures = [[_Band.of(band) for band in _bands(_luminance(image, ground))] for ground in self._grounds]

    def ssim(self, image: Image.Image) -> float:
        """At most 1, which is equality, for a picture of the same size.

        Of pictures with transparency, it is that on white or that on black, whichever is lower: what is transparent
        makes no difference, and what is not can be seen on one of the two.
        """
        return min(
            _mean(bands, _bands(_luminance(image, ground)))
            for bands, ground in zip(self._pictures, self._grounds, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Band:
    """Some rows of a picture, and the means of their values and of their squares in every window."""

    rows: Image.Image
    mean: Image.Image
    square: Image.Image

    @classmethod
    def of(cls, rows: Image.Image) -> "_Band":
        values = rows.convert("F")
        return cls(rows, _windows(values), _windows(_product(values, values)))

    @property
    def count(self) -> int:
        return self.mean.width * self.mean.height

    def ssim(self, other: Image.Image) -> float:
        theirs = _Band.of(other)
        product = _windows(_product(self.rows.convert("F"), other.convert("F")))
        similarities = ImageMath.lambda_eval(
            lambda of: (
                (2 * of["a"] * of["b"] + _C1)
                * (2 * (of["ab"] - of["a"] * of["b"]) + _C2)
                / (of["a"] * of["a"] + of["b"] * of["b"] + _C1)
                / (of["aa"] - of["a"] * of["a"] + of["bb"] - of["b"] * of["b"] + _C2)
            ),
            a=self.mean,
            b=theirs.mean,
            aa=self.square,
            bb=theirs.square,
            ab=product,
        )
        return _number(similarities.resize((1, 1), Image.Resampling.BOX))


def _mean(bands: list[_Band], others: Iterator[Image.Image]) -> float:
    windows = sum(band.count for band in bands)
    return sum(band.ssim(other) * band.count for band, other in zip(bands, others, strict=True)) / windows


def _luminance(image: Image.Image, ground: tuple[int, int, int]) -> Image.Image:
    return flattened(image, ground).convert("L")


def _bands(image: Image.Image) -> Iterator[Image.Image]:
    count = math.ceil(image.height / _BAND_ROWS)
    edges = [round(band * image.height / count) for band in range(count + 1)]
    for top, bottom in itertools.pairwise(edges):
        yield image.crop((0, top, image.width, bottom))


def _windows(values: Image.Image) -> Image.Image:
    """The weighted mean of every window; a picture smaller than one is one."""
    size = max(1, round(values.width / _STEP)), max(1, round(values.height / _STEP))
    return values.resize(size, Image.Resampling.BILINEAR)


def _product(a: Image.Image, b: Image.Image) -> Image.Image:
    product: Image.Image = ImageMath.lambda_eval(lambda of: of["a"] * of["b"], a=a, b=b)
    return product


def _number(image: Image.Image) -> float:
    value = image.getpixel((0, 0))
    assert isinstance(value, float)
    return value
