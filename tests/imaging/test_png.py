"""Large PNGs are decoded by libvips, and come out as Pillow decodes them; what libvips is not asked for is Pillow's."""

import multiprocessing
import random
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.imaging import libvips
from app.imaging.operations.resize import Resize
from tests.imaging import apart
from tests.imaging.apart import Decoded

from .pictures import chunk, exif, noise, saved

pytestmark = pytest.mark.skipif(libvips.version() is None, reason="there is no libvips")
Decode = Callable[..., Decoded]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture
def decoded(elsewhere: ProcessPoolExecutor, tmp_path: Path) -> Decode:
    def _decoded(data: bytes, share: float = 1.0, **how: bool) -> Decoded:
        file = tmp_path / "a"
        file.write_bytes(data)
        return elsewhere.submit(apart.decoded, file, share, **how).result()

    return _decoded


def picture(mode: str = "RGB", size: tuple[int, int] = (120, 90)) -> Image.Image:
    image = noise().resize(size).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(size))
    return image


def plain(**options: object) -> bytes:
    return saved(picture(), "PNG", **options)


def with_late(kind: bytes, data: bytes) -> bytes:
    """A chunk between the pixels and the end."""
    return plain()[:-12] + chunk(kind, data) + plain()[-12:]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_every_pixel_is_what_pillow_decodes(decoded: Decode, mode: str) -> None:
    result = decoded(saved(picture(mode), "PNG"))
    assert result.factors == [1]
    assert (result.image.mode, result.image.tobytes()) == (mode, picture(mode).tobytes())


@pytest.mark.parametrize(("share", "factor"), [(0.5, 1), (0.26, 1), (0.25, 2), (0.1, 5), (0.09, 5), (0.01, 50)])
def test_it_is_shrunk_to_no_less_than_twice_what_is_needed(decoded: Decode, share: float, factor: int) -> None:
    result = decoded(plain(), share)
    assert (result.factors, result.size) == ([factor], (120, 90))
    assert result.image.size == (-(-120 // factor), -(-90 // factor))


def test_with_alpha_nothing_is_shrunk(decoded: Decode) -> None:
    assert decoded(saved(picture("RGBA"), "PNG"), 0.1).factors == [1]


@pytest.mark.parametrize("size", [(121, 91), (5, 300), (300, 5), (124, 93)])
@pytest.mark.parametrize(("share", "factor"), [(0.25, 2), (0.1, 5)])
def test_the_edges_of_what_is_shrunk_stay_where_they_were(decoded: Decode, size, share: float, factor: int) -> None:
    """A pixel is the mean of a square, which the last column and row fill; the box says where the picture ends."""
    result = decoded(saved(picture(size=size), "PNG"), share)
    assert result.box == (0, 0, size[0] / factor, size[1] / factor)
    filled = tuple(-(-side // factor) * factor for side in size)
    pixels = np.asarray(picture(size=size))
    padded = np.pad(pixels, [(0, filled[1] - size[1]), (0, filled[0] - size[0]), (0, 0)], "edge").astype(float)
    means = padded.reshape(filled[1] // factor, factor, filled[0] // factor, factor, 3).mean((1, 3))
    assert np.abs(np.asarray(result.image) - means).max() < 1.5  # it rounds after each direction


def test_hard_edges_are_not_averaged_away() -> None:
    assert Resize(width=20, kernel="nearest").share((100, 100)) == 1


@pytest.mark.parametrize(
    "data",
    [
        saved(picture("P"), "PNG"), saved(picture("1"), "PNG"), saved(picture("LA"), "PNG"),
        saved(Image.new("I;16", (40, 30), 777), "PNG"), plain(transparency=(1, 2, 3)),
        plain(save_all=True, append_images=[picture("L").convert("RGB")]),
        with_late(b"eXIf", exif(6)[6:]), with_late(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"),
        with_late(b"tEXt", b"Comment\0" + b"." * 100_000),
    ],
    ids=[
        "palette", "1 bit", "grey with alpha", "16 bit", "transparent colour", "animated", "late EXIF", "late XMP",
        "long text",
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_pillow(decoded: Decode, data: bytes) -> None:
    result = decoded(data, 0.25)
    assert result.factors == []
    assert result.image


def test_a_text_behind_the_pixels_does_not_matter(decoded: Decode) -> None:
    assert decoded(with_late(b"tEXt", b"date:create\x002026-01-01")).factors == [1]


def test_an_orientation_behind_the_pixels_is_heeded(decoded: Decode) -> None:
    assert decoded(with_late(b"eXIf", exif(6)[6:])).size == (90, 120)


def test_a_cut_file_is_refused(decoded: Decode) -> None:
    data = plain()
    assert decoded(data).image
    for cut in {len(data) * part // 40 for part in range(1, 40)} | {len(data) - n for n in (1, 2, 3, 4, 8, 12, 13, 16)}:
        assert decoded(data[:cut]).image is None, cut


def test_of_an_altered_file_there_is_what_pillow_makes_of_it(decoded: Decode) -> None:
    seed = random.randrange(2**32)
    chance, data = random.Random(seed), with_late(b"tEXt", b"Comment\0hello")
    for _ in range(150):
        altered = bytearray(data)
        at = chance.choice([chance.randrange(8, 60), chance.randrange(len(data)), len(data) - chance.randrange(1, 60)])
        altered[at] ^= 1 << chance.randrange(8)
        ours, pillows = decoded(altered), decoded(altered, libvips_answers=False)
        told = [one.image and (one.image.mode, one.image.size, one.image.tobytes()) for one in (ours, pillows)]
        assert told[0] == told[1], f"seed {seed}: byte {at} is {altered[at]}"


def test_a_process_that_is_forked_from_one_that_used_libvips_leaves_it_alone(
    elsewhere: ProcessPoolExecutor, tmp_path: Path
) -> None:
    file = tmp_path / "a"
    file.write_bytes(plain())
    assert not elsewhere.submit(apart.in_a_fork, file).result()


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_loading_starts_no_thread_so_that_children_can_be_forked() -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
        assert fresh.submit(apart.threads_after_loading).result() == 1
