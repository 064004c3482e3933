"""Animations and pages: the first is shown, all are counted, up to a limit."""

import pytest
from PIL import Image

from app.errors import FileError

from .conftest import Darkroom, spec
from .pictures import BLUE, GREEN, RED, gif, plain, saved


def frames(pillow_format: str, count: int, size: tuple[int, int] = (32, 24), **options: object) -> bytes:
    images = [plain(size=size, colour=(RED, GREEN, BLUE)[at % 3]) for at in range(count)]
    return saved(images[0], pillow_format, save_all=True, append_images=images[1:], **options)


@pytest.mark.parametrize("pillow_format", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
@pytest.mark.parametrize("count", [2, 5])
def test_the_first_frame_is_shown_and_all_are_counted(darkroom: Darkroom, near, pillow_format: str, count: int) -> None:
    data = frames(pillow_format, count)
    assert darkroom.render(data).source.frames == count
    assert near(darkroom.picture(data, output_format="jpeg").convert("RGB").getpixel((16, 12)), RED, 12)


@pytest.mark.parametrize("big_tiff", [False, True])
def test_pages_are_counted_in_both_kinds_of_tiff(darkroom: Darkroom, big_tiff: bool) -> None:
    assert darkroom.render(frames("TIFF", 3, big_tiff=big_tiff)).source.frames == 3


def _repeated(count: int) -> bytes:
    head, _, frame = gif((8, 8), (0, 0, 8, 8), RED, BLUE).partition(b",")
    return head + (b"," + frame[:-1]) * count + b";"


def test_counting_stops_at_a_thousand(darkroom: Darkroom) -> None:
    still = [spec(output_format="jpeg")]
    assert darkroom.render(_repeated(999), still).source.frames == 999
    assert darkroom.render(_repeated(1001), still).source.frames == 1000
    assert darkroom.render(_repeated(40_000), still).source.frames == 1000


def test_a_gif_of_tiny_blocks_is_not_walked_to_its_end(darkroom: Darkroom) -> None:
    head, _, frame = gif((8, 8), (0, 0, 8, 8), RED, BLUE)[:-1].partition(b",")
    comment = b"!\xfe" + b"\x01x" * 400_000 + b"\0"
    assert darkroom.render(head + b"," + frame + comment + b"," + frame + b";").source.frames == 2
    assert darkroom.render(head + b"," + frame + comment * 3 + b"," + frame + b";").source.frames == 1


def test_a_chain_of_tiff_pages_that_bites_its_tail_is_counted_once(darkroom: Darkroom) -> None:
    data = bytearray(saved(plain("L", (4, 1)), "TIFF"))
    directory = int.from_bytes(data[4:8], "little")
    after = directory + 2 + 12 * int.from_bytes(data[directory : directory + 2], "little")
    data[after : after + 4] = data[4:8]
    assert darkroom.render(bytes(data)).source.frames == 1


def test_a_gif_cut_in_its_second_frame_shows_its_first(darkroom: Darkroom, near) -> None:
    data = frames("GIF", 3, (200, 150))
    second = data.index(b"!\xf9", data.index(b"!\xf9") + 5)
    assert near(darkroom.picture(data[: second + 20], output_format="jpeg").getpixel((9, 9)), RED, 12)


def test_a_gif_cut_in_its_first_frame_is_refused(darkroom: Darkroom) -> None:
    data = saved(Image.effect_noise((90, 90), 90), "GIF")
    with pytest.raises(FileError):
        darkroom.render(data[: len(data) * 3 // 4])


def test_a_transparent_first_frame_keeps_its_transparency(darkroom: Darkroom) -> None:
    images = [plain("RGBA", (32, 24), (255, 0, 0, alpha)) for alpha in (0, 255)]
    for pillow_format in ("WEBP", "PNG", "AVIF"):
        data = saved(images[0], pillow_format, save_all=True, append_images=images[1:])
        assert darkroom.picture(data).getpixel((16, 12))[3] == 0
