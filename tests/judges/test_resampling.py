"""What photographs look like when they are resized: next to libvips's own filters, on all of the pixels."""

from pathlib import Path

import numpy as np
import pytest

from app.imaging.operations.resize import Resize

from .judge import UNBOUNDED, Array, Asked, Judge, Size
from .measures import distance, ssim
from .ours import made, made_together
from .pictures import png

ALIKE = 0.98


def filtered(judge: Judge, source: Asked, size: Size, kernel: str = "lanczos3") -> Array:
    """libvips's filter on every pixel of the picture; its thumbnails take short cuts, as ours do."""
    width, height = judge.size(source)
    return judge.pixels(source.resize(size[0] / width, vscale=size[1] / height, kernel=kernel))


def enlarged(source: Asked, before: Size, after: Size, interpolate: str) -> Asked:
    """libvips's `resize` enlarges half a pixel too far to the right and down; this is centred.

    Measured with 8.18.7: a disc that is twice as large comes to lie 0.5 pixels off.
    """
    x, y = after[0] / before[0], after[1] / before[1]
    options = {"interpolate": interpolate, "extend": "copy", "odx": (x - 1) / 2, "ody": (y - 1) / 2}
    return source.affine([x, 0, 0, y], oarea=[0, 0, *after], **options)


def small(judge: Judge, photograph: Path, width: int = 300) -> Array:
    return judge.pixels(judge.file(photograph).thumbnail_image(width, height=UNBOUNDED))


def size_of(pixels: Array) -> Size:
    return pixels.shape[1], pixels.shape[0]


def test_the_photographs_are_photographs(found: tuple[list[Path], str | None]) -> None:
    if found[1]:
        pytest.skip(f"the pictures here are made up, for there are no photographs: {found[1]}")


@pytest.mark.parametrize("width", [160, 400, 800])
def test_a_photograph_is_reduced_as_by_lanczos(judge: Judge, photographs: list[Path], width: int) -> None:
    for photograph in photographs[:3]:
        ours = made(photograph, Resize(width=width))
        assert ssim(ours, filtered(judge, judge.file(photograph), size_of(ours))) >= ALIKE, photograph.name


def test_an_eighth_is_no_worse(judge: Judge, photographs: list[Path]) -> None:
    """The hardest size for a JPEG: the decoder alone makes it, by its cosine transform, and no filter follows."""
    for photograph in photographs[:3]:
        width = judge.size(judge.file(photograph))[0] // 8
        ours = made(photograph, Resize(width=width))
        assert ssim(ours, filtered(judge, judge.file(photograph), size_of(ours))) >= ALIKE, photograph.name


def test_a_cascade_is_as_good_as_each_size_alone(judge: Judge, photographs: list[Path]) -> None:
    for ours in made_together(photographs[-1], *(Resize(width=width) for width in (320, 1280, 640))):
        assert ssim(ours, filtered(judge, judge.file(photographs[-1]), size_of(ours))) >= ALIKE, size_of(ours)


@pytest.mark.parametrize("position", ["center", "northwest", "southeast"])
def test_a_cut_out_part_is_reduced_as_by_lanczos(judge: Judge, photographs: list[Path], position: str) -> None:
    """Cut out before it is resampled, which costs less; the judge cuts afterwards."""
    ours = made(photographs[0], Resize(width=301, height=301, position=position))
    width, height = judge.size(judge.file(photographs[0]))
    scale = 301 / min(width, height)
    whole = filtered(judge, judge.file(photographs[0]), (round(width * scale), round(height * scale)))
    room_y, room_x = whole.shape[0] - 301, whole.shape[1] - 301
    left, top = {"center": ((room_x + 1) // 2, (room_y + 1) // 2), "northwest": (0, 0)}.get(position, (room_x, room_y))
    assert ssim(ours, whole[top : top + 301, left : left + 301]) >= ALIKE


@pytest.mark.parametrize("kernel", ["lanczos3", "cubic", "linear"])
@pytest.mark.parametrize("width", [299, 250, 150, 101, 77])
def test_the_kernels_are_those_of_libvips(judge: Judge, photographs: list[Path], kernel: str, width: int) -> None:
    pixels = small(judge, photographs[0])
    ours = made(png(pixels), Resize(width=width, kernel=kernel))
    assert ssim(ours, filtered(judge, judge.array(pixels), size_of(ours), kernel)) >= 0.995


@pytest.mark.parametrize("width", [50, 100, 150, 600, 900])
def test_nearest_takes_the_same_pixels(judge: Judge, photographs: list[Path], width: int) -> None:
    """Of whole factors: for others the two round differently where a place lies between two pixels."""
    pixels = small(judge, photographs[0])[:198]
    ours = made(png(pixels), Resize(width=width, height=198 * width // 300, fit="fill", kernel="nearest"))
    assert np.array_equal(ours, filtered(judge, judge.array(pixels), size_of(ours), "nearest"))


@pytest.mark.parametrize(
    ("kernel", "interpolate"), [("lanczos3", "bicubic"), ("cubic", "bicubic"), ("linear", "bilinear")]
)
@pytest.mark.parametrize("width", [301, 450, 900])
def test_a_photograph_is_enlarged_as_by_libvips(
    judge: Judge, photographs: list[Path], kernel: str, interpolate: str, width: int
) -> None:
    """It enlarges by Lanczos no better than bicubically: a little softer than ours."""
    pixels = small(judge, photographs[0])
    ours = made(png(pixels), Resize(width=width, kernel=kernel))
    theirs = judge.pixels(enlarged(judge.array(pixels), size_of(pixels), size_of(ours), interpolate))
    assert ssim(ours, theirs) >= ALIKE


def test_one_side_may_be_reduced_and_the_other_enlarged(judge: Judge, photographs: list[Path]) -> None:
    pixels = small(judge, photographs[0])
    width, height = size_of(pixels)
    ours = made(png(pixels), Resize(width=100, height=2 * height, fit="fill"))
    reduced = judge.array(pixels).resize(100 / width, vscale=1)
    theirs = judge.pixels(enlarged(reduced, (100, height), (100, 2 * height), "bicubic"))
    assert ssim(ours, theirs) >= ALIKE


def test_fine_stripes_become_grey(judge: Judge) -> None:
    """The hardest picture there is for a filter: its finest detail at full contrast, to a width that is no divisor."""
    stripes = np.zeros((300, 1000, 3), np.uint8)
    stripes[:, ::2] = 255
    ours = made(png(stripes), Resize(width=301))
    assert distance(ours, filtered(judge, judge.array(stripes), size_of(ours))) < 2
    assert np.abs(ours[5:-5, 5:-5].astype(int) - 127.5).max() < 8
