"""Where smart crops look: at what libvips's `smartcrop` looks at, where there is no doubt about it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.imaging import picture
from app.imaging.placement import placed

from .judge import UNBOUNDED, Array, Judge, Size

Corner = tuple[int, int]


def ours(pixels: Array, inner: Size, strategy: str) -> Corner:
    return placed(picture.of(Image.fromarray(pixels)), (pixels.shape[1], pixels.shape[0]), inner, strategy)


def theirs(judge: Judge, pixels: Array, inner: Size, strategy: str) -> Corner:
    return judge.corner(judge.array(pixels).copy(interpretation="srgb").smartcrop(*inner, interesting=strategy))


def ground(size: Size) -> Image.Image:
    """Dull, and not quite flat."""
    grey = np.random.default_rng(1).integers(118, 128, (size[1], size[0]), np.uint8)
    return Image.fromarray(np.repeat(grey[:, :, None], 3, axis=2))


@pytest.mark.parametrize("at", [(60, 150), (200, 60), (330, 240), (540, 150), (560, 40)])
@pytest.mark.parametrize("colour", ["#e01020", "#d09070"], ids=["saturated", "skin"])
def test_both_keep_what_draws_attention(judge: Judge, at: Corner, colour: str) -> None:
    image = ground((600, 300))
    ImageDraw.Draw(image).ellipse((at[0] - 30, at[1] - 30, at[0] + 30, at[1] + 30), fill=colour)
    pixels = np.asarray(image)
    for left, _ in (ours(pixels, (300, 300), "attention"), theirs(judge, pixels, (300, 300), "attention")):
        assert left <= at[0] <= left + 300


@pytest.mark.parametrize("at", [(0, 90), (170, 0), (410, 120), (480, 180)])
def test_both_keep_the_detail(judge: Judge, at: Corner) -> None:
    image = ground((600, 300))
    detail = np.random.default_rng(2).integers(0, 256, (120, 120, 3), np.uint8)
    image.paste(Image.fromarray(detail), at)
    pixels = np.asarray(image)
    for left, _ in (ours(pixels, (300, 300), "entropy"), theirs(judge, pixels, (300, 300), "entropy")):
        assert left <= at[0] + 20
        assert at[0] + 100 <= left + 300


def bits(pixels: Array, corner: Corner, inner: Size) -> float:
    """The Shannon entropy of the levels of a window, which libvips's `hist_entropy` measures too."""
    left, top = corner
    window = pixels[top : top + inner[1], left : left + inner[0]]
    counts = np.concatenate([np.bincount(window[:, :, channel].ravel(), minlength=256) for channel in range(3)])
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


@pytest.mark.parametrize("inner", [(200, 200), (100, 100), (300, 80)])
def test_the_window_has_no_less_entropy_than_that_of_libvips(
    judge: Judge, photographs: list[Path], inner: Size
) -> None:
    """libvips cuts strips away until the window is left; we compare whole windows, on no more than 256 pixels."""
    for photograph in photographs[:3]:
        pixels = judge.pixels(judge.file(photograph).thumbnail_image(300, height=UNBOUNDED))
        inner = inner[0], min(inner[1], pixels.shape[0])
        found = ours(pixels, inner, "entropy"), theirs(judge, pixels, inner, "entropy")
        assert bits(pixels, found[0], inner) >= bits(pixels, found[1], inner) - 0.05
