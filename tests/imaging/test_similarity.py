"""SSIM, against the paper's formula computed window by window in plain Python."""

import io
import math
from functools import cache

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from app.imaging.similarity import Reference

from .pictures import plain, saved
from .scenes import scene

C1, C2 = 6.5025, 58.5225  # (0.01 × 255)² and (0.03 × 255)²
RADIUS, SIGMA = 5, 1.5
_NEAR = range(-RADIUS, RADIUS + 1)
_WEIGHTS = [[math.exp(-(x * x + y * y) / (2 * SIGMA**2)) for x in _NEAR] for y in _NEAR]
_TOTAL = sum(map(sum, _WEIGHTS))


def wang(one: Image.Image, other: Image.Image) -> float:
    """Wang et al. 2004: Gaussian windows of 11 × 11, at every pixel where one fits."""
    width, height = one.size
    a, b = one.convert("L").tobytes(), other.convert("L").tobytes()
    values = [_window(a, b, width, x, y) for y in range(RADIUS, height - RADIUS) for x in range(RADIUS, width - RADIUS)]
    return sum(values) / len(values)


def _window(a: bytes, b: bytes, width: int, x: int, y: int) -> float:
    ma = mb = aa = bb = ab = 0.0
    for row, weights in enumerate(_WEIGHTS):
        start = (y + row - RADIUS) * width + x - RADIUS
        for weight, p, q in zip(weights, a[start : start + 11], b[start : start + 11], strict=True):
            ma += weight * p
            mb += weight * q
            aa += weight * p * p
            bb += weight * q * q
            ab += weight * p * q
    ma, mb, aa, bb, ab = (total / _TOTAL for total in (ma, mb, aa, bb, ab))
    return (2 * ma * mb + C1) * (2 * (ab - ma * mb) + C2) / ((ma**2 + mb**2 + C1) * (aa - ma**2 + bb - mb**2 + C2))


def decoded(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


DISTORTED = {
    "jpeg 5": lambda image: decoded(saved(image, "JPEG", quality=5)),
    "jpeg 20": lambda image: decoded(saved(image, "JPEG", quality=20)),
    "jpeg 60": lambda image: decoded(saved(image, "JPEG", quality=60)),
    "jpeg 90": lambda image: decoded(saved(image, "JPEG", quality=90)),
    "webp 30": lambda image: decoded(saved(image, "WEBP", quality=30)),
    "webp 80": lambda image: decoded(saved(image, "WEBP", quality=80)),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1.5)),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "less contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.5),
    "upside down": lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
}


@cache
def both(name: str) -> tuple[float, float]:
    """Ours and the paper's."""
    image = scene()
    other = DISTORTED[name](image)
    return Reference(image).ssim(other), wang(image, other)


@pytest.mark.parametrize("name", DISTORTED)
def test_it_is_that_of_the_paper(name: str) -> None:
    """But that windows are sampled, and have slightly other weights: a fifth of the distance to 1 at most."""
    ours, expected = both(name)
    assert ours == pytest.approx(expected, abs=0.002 + 0.2 * (1 - expected), rel=0)
    assert ours == pytest.approx(expected, abs=0.03, rel=0)


def test_it_puts_distortions_in_the_order_of_the_paper() -> None:
    pairs = [both(name) for name in DISTORTED]
    clear = [(better, worse) for better in pairs for worse in pairs if better[1] > worse[1] + 0.02]
    assert len(clear) > 30
    assert all(better[0] > worse[0] for better, worse in clear)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 300), (300, 1), (7, 1100), (64, 64)])
@pytest.mark.parametrize(("one", "other"), [(100, 160), (0, 255), (10, 10), (255, 250)])
def test_of_two_greys_it_is_the_luminance_term(size: tuple[int, int], one: int, other: int) -> None:
    """No variance: what is left of the formula can be worked out by hand, and is the same in every window and band."""
    expected = (2 * one * other + C1) / (one**2 + other**2 + C1)
    reference = Reference(plain("RGB", size, (one,) * 3))
    assert reference.ssim(plain("RGB", size, (other,) * 3)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (2, 40), (72, 60), (40, 700)])
def test_the_same_picture_is_one(size: tuple[int, int]) -> None:
    assert Reference(scene(size)).ssim(scene(size)) == pytest.approx(1, abs=1e-6)


def test_every_row_of_a_tall_picture_counts_alike() -> None:
    """900 rows are several bands; a third of them differ. A few windows are across the edge."""
    other = plain("RGB", (16, 900), (100,) * 3)
    other.paste((160,) * 3, (0, 600, 16, 900))
    differing = (2 * 100 * 160 + C1) / (100**2 + 160**2 + C1)
    assert Reference(plain("RGB", (16, 900), (100,) * 3)).ssim(other) == pytest.approx((2 + differing) / 3, abs=0.01)


def test_colours_below_full_transparency_make_no_difference() -> None:
    clear, also = plain("RGBA", (40, 40), (255, 0, 0, 0)), plain("RGBA", (40, 40), (0, 0, 255, 0))
    assert Reference(clear).ssim(also) == pytest.approx(1)


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
def test_what_is_lost_against_one_ground_is_seen_on_the_other(colour: tuple[int, int, int]) -> None:
    """White that vanishes makes no difference on white, nor black on black."""
    image, gone = plain("RGBA", (40, 40), (*colour, 255)), plain("RGBA", (40, 40), (*colour, 0))
    assert Reference(image).ssim(gone) < 0.01


def test_a_picture_with_alpha_can_be_compared_to_one_without() -> None:
    image = scene().convert("RGBA")
    assert Reference(image).ssim(scene()) == pytest.approx(1, abs=1e-6)
