"""Every size is the one that libvips gives, to the pixel: its `thumbnail_image`, which is sharp's resize."""

import itertools

import numpy as np
import pytest

from app.imaging.operation import MAX_SIDE
from app.imaging.operations.resize import Resize

from .judge import UNBOUNDED, Asked, Judge, Size
from .ours import made

SOURCES = [
    (1, 1), (3, 2), (37, 53), (101, 100), (641, 479), (999, 333), (1000, 1), (1, 1000), (5, 1001), (1023, 769),
    (4000, 2999), (6000, 4001),
]  # fmt: skip
BOXES = [
    (1, 1), (2, 3), (37, 53), (100, 100), (37, 500), (500, 37), (7, 1000), (256, 255), (640, 480), (1000, 999),
    (1600, 1067),
]  # fmt: skip
SIDES = [1, 2, 37, 100, 240, 333, 800, 1601]
COSTLY = 4_000_000
"""To cut the middle out, libvips computes the pixels: only of results that are no larger than this."""


def within(source: Asked, box: Size, *, enlarge: bool = True) -> Asked:
    return source.thumbnail_image(box[0], height=box[1], size="both" if enlarge else "down")


def covering(source: Asked, box: Size, *, enlarge: bool = True) -> Asked:
    return source.thumbnail_image(box[0], height=box[1], crop="centre", size="both" if enlarge else "down")


def stretched(source: Asked, box: Size) -> Asked:
    return source.thumbnail_image(box[0], height=box[1], size="force")


def around(source: Asked, scale: float) -> Asked:
    """libvips has no thumbnail that covers a box and is not cut; its scale is that of the side that needs more."""
    return source.resize(scale)


def judged(judge: Judge, size: Size, box: Size, fit: str, *, enlarge: bool) -> Size:
    source = judge.black(size)
    match fit:
        case "inside":
            return judge.size(within(source, box, enlarge=enlarge))
        case "contain":
            return judge.size(within(source, box, enlarge=enlarge).gravity("centre", *box))
        case "cover":
            return judge.size(covering(source, box, enlarge=enlarge))
        case "fill":
            return judge.size(stretched(source, box if enlarge else (min(box[0], size[0]), min(box[1], size[1]))))
    scale = max(box[0] / size[0], box[1] / size[1])
    return judge.size(around(source, scale if enlarge else min(1, scale)))


def is_out_of_reach(size: Size, box: Size) -> bool:
    """Longer than a recipe may ask for, or costly."""
    scale = max(box[0] / size[0], box[1] / size[1])
    return scale > 1 and (size[0] * size[1] * scale**2 > COSTLY or max(size) * scale > MAX_SIDE)


@pytest.mark.parametrize("enlarge", [True, False], ids=["enlarged", "without_enlargement"])
@pytest.mark.parametrize("fit", ["cover", "contain", "fill", "inside", "outside"])
def test_a_box_is_met_to_the_pixel(judge: Judge, fit: str, enlarge: bool) -> None:
    wrong = {}
    for size, box in itertools.product(SOURCES, BOXES):
        if is_out_of_reach(size, box):
            continue
        width, height = box
        ours = Resize(width=width, height=height, fit=fit, without_enlargement=not enlarge).sized(size)
        theirs = judged(judge, size, box, fit, enlarge=enlarge)
        if ours != theirs:
            wrong[size, box] = ours, theirs
    assert not wrong


@pytest.mark.parametrize("enlarge", [True, False], ids=["enlarged", "without_enlargement"])
def test_a_side_that_follows_the_other_is_met_to_the_pixel(judge: Judge, enlarge: bool) -> None:
    wrong = {}
    for size, side in itertools.product(SOURCES, SIDES):
        for name, box in (("width", (side, UNBOUNDED)), ("height", (UNBOUNDED, side))):
            if max(size) / min(size) * side > MAX_SIDE:
                continue
            ours = Resize(**{name: side}, without_enlargement=not enlarge).sized(size)
            theirs = judge.size(within(judge.black(size), box, enlarge=enlarge))
            if ours != theirs:
                wrong[size, name, side] = ours, theirs
    assert not wrong


@pytest.mark.parametrize("dpr", [0.5, 1.5, 2, 3])
def test_the_device_pixel_ratio_multiplies_the_box(judge: Judge, dpr: float) -> None:
    for size in [(640, 480), (333, 999), (4000, 2999)]:
        ours = Resize(width=101, height=75, fit="inside", dpr=dpr).sized(size)
        box = int(101 * dpr + 0.5), int(75 * dpr + 0.5)
        assert ours == judge.size(within(judge.black(size), box))


@pytest.mark.parametrize("fit", ["cover", "contain", "fill", "inside", "outside"])
@pytest.mark.parametrize(
    ("size", "box"), [((641, 479), (37, 53)), ((37, 53), (100, 99)), ((999, 333), (500, 37)), ((1, 1000), (7, 100))]
)
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_the_file_has_the_size_that_was_planned(judge: Judge, fit: str, size: Size, box: Size, suffix: str) -> None:
    source = judge.saved(judge.black(size), suffix)
    pixels = made(source, Resize(width=box[0], height=box[1], fit=fit))
    assert pixels.shape[1::-1] == judged(judge, size, box, fit, enlarge=True)


def test_odd_sizes_shrink_on_load_to_the_pixel(judge: Judge) -> None:
    """A JPEG is decoded at a half, a quarter or an eighth, whose last row and column stand for less than a pixel."""
    for size in [(1001, 667), (999, 1003), (801, 9), (15, 15)]:
        source = judge.saved(judge.array(np.full((size[1], size[0], 3), 128, np.uint8)), "jpg")
        for side in (500, 333, 251, 125, 100, 7, 1):
            theirs = judge.size(within(judge.file(source), (side, UNBOUNDED)))
            assert made(source, Resize(width=side)).shape[1::-1] == theirs, (size, side)
