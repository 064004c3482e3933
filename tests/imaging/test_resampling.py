"""Resampling by SIMD gives what Pillow gives; Pillow takes over where there is none."""

import importlib
import math
import platform
from pathlib import Path

import PIL
import pytest
from PIL import Image, ImageChops

from app.imaging import resampling
from app.imaging.resampling import resampled

LANCZOS, BICUBIC, BILINEAR = Image.Resampling.LANCZOS, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR
KERNELS = (LANCZOS, BICUBIC, BILINEAR)
MODES = ("L", "LA", "RGB", "RGBA", "CMYK", "LAB")
THREADS = Path("/proc/self/task")
CLOSE = 8
"""Levels: by SIMD 4, for both round after each direction and for alpha, but not in the same order; 7 by Pillow's
reducing gap. Half a pixel beside would be 10.
"""


def waves(mode: str, size: tuple[int, int]) -> Image.Image:
    """So smooth that all filters like them, so steep that a third of a pixel shows; another direction in every band."""
    across, down = Image.linear_gradient("L").rotate(90).resize(size), Image.linear_gradient("L").resize(size)
    wave = [round(150 + 60 * math.sin(6 * math.tau * level / 255)) for level in range(256)]
    bands = [Image.blend(across, down, at / 4).point(wave) for at in range(4)]
    return Image.merge(mode, bands[: len(Image.new(mode, (1, 1)).getbands())])


def furthest(first: Image.Image, second: Image.Image) -> int:
    """In levels, where there is alpha of the colours as they are seen: a rounding error grows as alpha falls."""
    seen = {"LA": "La", "RGBA": "RGBa"}
    first, second = (image.convert(seen.get(image.mode)) for image in (first, second))
    difference = ImageChops.difference(first, second)
    return max(band.getextrema()[1] for band in difference.split())


@pytest.mark.skipif(
    platform.system() == "Linux" and platform.machine() != "x86_64", reason="cykooz-resizer has no wheel for it"
)
def test_the_resampling_is_done_by_simd_where_it_can_be() -> None:
    assert resampling.SIMD


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", [(31, 20), (300, 211), (1, 1), (120, 1), (5, 300)])
@pytest.mark.parametrize("box", [None, (10.25, 3.5, 99.75, 70.125)])
def test_it_is_what_pillow_gives(mode: str, kernel: Image.Resampling, size, box) -> None:
    image = waves(mode, (120, 80))
    assert furthest(resampled(image, size, kernel, box), image.resize(size, kernel, box)) <= CLOSE


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (2, 2)])
def test_the_smallest_and_the_most_elongated_are_resampled(mode: str, shape) -> None:
    image = Image.new(mode, shape, (200, 100, 50, 255)[: len(Image.new(mode, (1, 1)).getbands())] if mode != "L" else 9)
    for size in ((1, 1), (7, 3), (1, 40)):
        assert resampled(image, size).getcolors() == [(size[0] * size[1], image.getpixel((0, 0)))]


def test_what_is_transparent_does_not_bleed() -> None:
    image = Image.new("RGBA", (64, 64), (255, 255, 255, 0))
    image.paste((200, 0, 0, 255), (16, 16, 48, 48))
    result = resampled(image, (21, 21))
    visible = [pixel for pixel in result.get_flattened_data() if pixel[3] > 128]
    assert visible
    assert all(red >= 199 and green == blue == 0 for red, green, blue, _ in visible)


def test_the_source_stays_as_it_was() -> None:
    image = waves("RGBA", (90, 60))
    before = image.tobytes()
    resampled(image, (30, 20))
    assert (image.mode, image.tobytes()) == ("RGBA", before)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_pictures_that_pillow_keeps_in_several_blocks_of_memory_are_whole(mode: str) -> None:
    """It takes 16 MB at a time."""
    image = waves(mode, (5003, 4001) if mode == "L" else (2503, 2001))
    assert furthest(resampled(image, (600, 480)), image.resize((600, 480), LANCZOS)) <= CLOSE


def test_another_pillow_resamples_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its pixels stand in memory is known of this version alone."""
    with monkeypatch.context() as patch:
        patch.setattr(PIL, "__version__", "13.1.0")
        assert importlib.reload(resampling).SIMD is None
    assert importlib.reload(resampling).SIMD


@pytest.mark.parametrize("mode", MODES)
def test_pillow_does_it_where_there_is_no_simd(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    monkeypatch.setattr(resampling, "SIMD", None)
    image = waves(mode, (120, 80))
    assert furthest(resampled(image, (30, 20)), image.resize((30, 20), LANCZOS)) <= CLOSE


@pytest.mark.skipif(not THREADS.exists(), reason="threads are counted in /proc")
def test_it_starts_no_thread_for_a_process_that_forks() -> None:
    before = set(THREADS.iterdir())
    resampled(waves("RGB", (2000, 1500)), (1600, 1200))
    assert set(THREADS.iterdir()) == before
