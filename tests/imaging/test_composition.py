"""What is shown of frames that are stored in parts: as browsers do it, by the specifications of GIF and APNG.

The files are made by hand, the expected pixels drawn on paper: a canvas of 4 × 2, written as two words of four letters.
"""

from collections.abc import Sequence

import pytest
from PIL import Image

from app.errors import DamagedFile
from app.imaging.pixels import decode
from app.imaging.source import opened

from .conftest import Darkroom
from .pictures import animated_gif, apng, apng_control, chunk, gif_part

SIZE = (4, 2)
COLOURS = {"w": (255, 255, 255, 255), "r": (255, 0, 0, 255), "g": (0, 255, 0, 255), "b": (0, 0, 255, 255)}
PALETTE = [colour[:3] for colour in COLOURS.values()]
WHITE, RED, GREEN, BLUE = range(4)
ALL, LEFT, MIDDLE = (0, 0, 4, 2), (0, 0, 2, 2), (1, 0, 2, 2)
KEEP, CLEAR, RESTORE = 1, 2, 3


def shown(darkroom: Darkroom, data: bytes, count: int) -> list[str]:
    """The frames as letters, a point for what is transparent."""
    darkroom.source.write_bytes(data)
    with opened(darkroom.source, 100) as image:
        frames = decode(image, 1.0, count).frames
    assert all(frame.size == SIZE for frame in frames)
    return [_letters(frame.convert("RGBA")) for frame in frames]


def _letters(frame: Image.Image) -> str:
    names = {colour: letter for letter, colour in COLOURS.items()}
    return " ".join(
        "".join("." if frame.getpixel((x, y))[3] == 0 else names[frame.getpixel((x, y))] for x in range(4))
        for y in range(2)
    )


def gif_shows(darkroom: Darkroom, *parts: bytes) -> list[str]:
    return shown(darkroom, animated_gif(SIZE, PALETTE, list(parts)), len(parts))


def test_a_part_is_put_on_what_was_there(darkroom: Darkroom) -> None:
    parts = gif_part(ALL, RED, 10, KEEP), gif_part(LEFT, BLUE, 10, KEEP), gif_part((3, 1, 1, 1), GREEN, 10)
    assert gif_shows(darkroom, *parts) == ["rrrr rrrr", "bbrr bbrr", "bbrr bbrg"]


def test_transparent_pixels_show_what_was_there(darkroom: Darkroom) -> None:
    half = [GREEN, BLUE, GREEN, GREEN]
    assert gif_shows(darkroom, gif_part(ALL, RED, 10), gif_part(LEFT, half, 10, KEEP, transparent=GREEN)) == [
        "rrrr rrrr", "rbrr rrrr",
    ]  # fmt: skip


@pytest.mark.parametrize("transparent", [None, WHITE])
def test_a_cleared_part_leaves_transparency_and_not_the_background(darkroom: Darkroom, transparent) -> None:
    parts = gif_part(ALL, RED, 10), gif_part(MIDDLE, BLUE, 10, CLEAR, transparent), gif_part((0, 0, 1, 1), GREEN, 10)
    assert gif_shows(darkroom, *parts) == ["rrrr rrrr", "rbbr rbbr", "g..r r..r"]


def test_a_cleared_frame_leaves_nothing(darkroom: Darkroom) -> None:
    parts = [gif_part(ALL, RED, 10, CLEAR), gif_part(MIDDLE, BLUE, 10, CLEAR), gif_part((3, 0, 1, 2), GREEN, 10)]
    assert gif_shows(darkroom, *parts) == ["rrrr rrrr", ".bb. .bb.", "...g ...g"]


def test_a_restored_part_leaves_what_it_covered(darkroom: Darkroom) -> None:
    parts = gif_part(ALL, RED, 10), gif_part(LEFT, BLUE, 10, RESTORE), gif_part((3, 0, 1, 1), GREEN, 10)
    assert gif_shows(darkroom, *parts) == ["rrrr rrrr", "bbrr bbrr", "rrrg rrrr"]


def test_a_first_part_that_is_restored_covered_nothing(darkroom: Darkroom) -> None:
    parts = gif_part(LEFT, RED, 10, RESTORE), gif_part((2, 0, 1, 1), BLUE, 10)
    assert gif_shows(darkroom, *parts) == ["rr.. rr..", "..b. ...."]


def test_a_disposal_is_of_its_own_part_only(darkroom: Darkroom) -> None:
    parts = gif_part(ALL, RED, 10), gif_part(LEFT, BLUE, 10, CLEAR), gif_part(LEFT, GREEN), gif_part((3, 0, 1, 1), BLUE)
    assert gif_shows(darkroom, *parts) == ["rrrr rrrr", "bbrr bbrr", "ggrr ggrr", "ggrb ggrr"]


def test_what_a_smaller_first_part_leaves_free_is_transparent(darkroom: Darkroom) -> None:
    parts = gif_part(LEFT, RED), gif_part((1, 1, 2, 1), GREEN)
    assert gif_shows(darkroom, *parts) == ["rr.. rr..", "rr.. rgg."]


def test_a_later_part_beyond_the_canvas_is_cut(darkroom: Darkroom) -> None:
    parts = gif_part(ALL, RED), gif_part((3, 1, 2, 3), GREEN), gif_part((3, 1, 2, 3), [BLUE, WHITE] * 3, 0, 0, WHITE)
    assert gif_shows(darkroom, *parts) == ["rrrr rrrr", "rrrr rrrg", "rrrr rrrb"]


def test_a_part_much_larger_than_the_canvas_is_refused_before_it_is_decoded(darkroom: Darkroom) -> None:
    huge = gif_part(LEFT, GREEN).replace(b",\0\0\0\0\2\0\2\0", b",\0\0\0\0\xff\xff\xff\xff")
    with pytest.raises(DamagedFile, match="larger than its canvas"):
        gif_shows(darkroom, gif_part(ALL, RED), huge)


def test_colours_come_after_greys(darkroom: Darkroom) -> None:
    """Pillow opens a GIF whose palette is grey as greyscale; a later part brings its own palette."""
    table = b"".join(bytes([level] * 3) for level in range(256))
    coloured = gif_part(LEFT, RED)
    coloured = coloured[:9] + b"\x81" + b"".join(map(bytes, PALETTE)) + coloured[10:]
    head = b"GIF89a\4\0\2\0\xf7\0\0" + table
    assert shown(darkroom, head + gif_part(ALL, 255) + coloured + b";", 2) == ["wwww wwww", "rrww rrww"]


def _rgba(letters: str) -> bytes:
    return b"".join(bytes(COLOURS.get(letter, (0, 0, 0, 0))) for letter in letters)


OVER, SOURCE = 1, 0


def apng_shows(darkroom: Darkroom, *parts: tuple[bytes, bytes], hidden: bytes = b"") -> list[str]:
    return shown(darkroom, apng(SIZE, 6, list(parts), hidden=hidden), len(parts))


@pytest.mark.parametrize(
    ("disposal", "after"),
    [(0, "rbbr rbbg"), (1, "r..r r..g"), (2, "rrrr rrrg")],
    ids=["none", "background", "previous"],
)
def test_apng_disposes_of_a_part(darkroom: Darkroom, disposal: int, after: str) -> None:
    parts = (
        (apng_control(ALL), _rgba("r" * 8)),
        (apng_control(MIDDLE, disposal=disposal), _rgba("bbbb")),
        (apng_control((3, 1, 1, 1)), _rgba("g")),
    )
    assert apng_shows(darkroom, *parts) == ["rrrr rrrr", "rbbr rbbr", after]


@pytest.mark.parametrize(("blend", "after"), [(OVER, "rrbr rbrr"), (SOURCE, "r.br rb.r")], ids=["over", "source"])
def test_apng_blends_a_part(darkroom: Darkroom, blend: int, after: str) -> None:
    parts = (apng_control(ALL), _rgba("r" * 8)), (apng_control(MIDDLE, blend=blend), _rgba(".bb."))
    assert apng_shows(darkroom, *parts) == ["rrrr rrrr", after]


def test_apng_blends_by_alpha(darkroom: Darkroom) -> None:
    half = bytes((255, 0, 0, 128)) * 8
    parts = [(apng_control(ALL), _rgba("bbbb....")), (apng_control(ALL, blend=OVER), half)]
    darkroom.source.write_bytes(apng(SIZE, 6, parts))
    with opened(darkroom.source, 100) as image:
        frame = decode(image, 1.0, 2).frames[1]
    assert frame.getpixel((0, 0)) == pytest.approx((128, 0, 127, 255), abs=1)
    assert frame.getpixel((0, 1)) == (255, 0, 0, 128)


def test_apng_clears_to_transparency_where_the_file_has_none(darkroom: Darkroom) -> None:
    rgb = {letter: bytes(colour[:3]) for letter, colour in COLOURS.items()}
    parts = [
        (apng_control(ALL), rgb["r"] * 8),
        (apng_control(MIDDLE, disposal=1), rgb["b"] * 4),
        (apng_control((0, 0, 1, 1)), rgb["g"]),
    ]
    assert shown(darkroom, apng(SIZE, 2, parts), 3) == ["rrrr rrrr", "rbbr rbbr", "g..r r..r"]


def test_apng_parts_share_a_palette(darkroom: Darkroom) -> None:
    shared = chunk(b"PLTE", b"".join(map(bytes, PALETTE))) + chunk(b"tRNS", b"\xff\xff\0")
    parts = [
        (apng_control(ALL), bytes([RED]) * 8),
        (apng_control(MIDDLE, disposal=1, blend=OVER), bytes([BLUE, GREEN, GREEN, BLUE])),
        (apng_control((0, 0, 1, 1)), bytes([GREEN])),
    ]
    assert shown(darkroom, apng(SIZE, 3, parts, shared=shared), 3) == ["rrrr rrrr", "rbrr rrbr", "...r r..r"]


@pytest.mark.parametrize(("colour_type", "mode"), [(0, "L"), (4, "LA")])
def test_apng_of_greys_stays_grey(darkroom: Darkroom, colour_type: int, mode: str) -> None:
    opaque = b"\xff" if mode == "LA" else b""
    parts = [(apng_control(ALL), (b"\x40" + opaque) * 8), (apng_control(LEFT), (b"\x80" + opaque) * 4)]
    darkroom.source.write_bytes(apng(SIZE, colour_type, parts))
    with opened(darkroom.source, 100) as image:
        frames = decode(image, 1.0, 2).frames
    assert {frame.mode for frame in frames} == {"L"}
    assert [frame.getpixel((0, 0)) for frame in frames] == [0x40, 0x80]
    assert [frame.getpixel((3, 1)) for frame in frames] == [0x40, 0x40]


def test_the_picture_for_those_who_do_not_know_apng_is_no_frame(darkroom: Darkroom) -> None:
    parts = (apng_control(MIDDLE), _rgba("bbbb")), (apng_control((3, 1, 1, 1)), _rgba("g"))
    assert apng_shows(darkroom, *parts, hidden=_rgba("r" * 8)) == [".bb. .bb.", ".bb. .bbg"]
    data = apng(SIZE, 6, list(parts), hidden=_rgba("r" * 8))
    assert darkroom.render(data).source.frames == 2
    assert shown(darkroom, data, 1) == [".bb. .bb."]


@pytest.mark.parametrize("box", [(3, 0, 2, 2), (0, 1, 2, 2), (0, 0, 2, 0)])
def test_apng_parts_outside_of_the_canvas_are_refused(darkroom: Darkroom, box: Sequence[int]) -> None:
    parts = [(apng_control(ALL), _rgba("r" * 8)), (apng_control(box), _rgba("b" * 4))]
    with pytest.raises(DamagedFile, match="outside its canvas"):
        shown(darkroom, apng(SIZE, 6, parts), 2)


def test_frames_that_are_promised_and_missing_are_refused(darkroom: Darkroom) -> None:
    data = apng(SIZE, 6, [(apng_control(ALL), _rgba("r" * 8)), (apng_control(ALL), _rgba("b" * 8))])
    more = data.replace(chunk(b"acTL", b"\0\0\0\2\0\0\0\0"), chunk(b"acTL", b"\0\0\0\3\0\0\0\0"))
    assert more != data
    with pytest.raises(DamagedFile, match="2 of 3 frames"):
        shown(darkroom, more, 3)
