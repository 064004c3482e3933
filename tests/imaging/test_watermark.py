import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from pydantic import ValidationError

from app.errors import MissingFont
from app.imaging import fonts
from app.imaging.lettering import Lettering, drawn
from app.imaging.operations import watermark
from app.imaging.operations.watermark import Watermark
from app.imaging.picture import Picture, of
from tests.imaging.pictures import saved

RED, GREEN, BLACK, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 0), (255, 255, 255)
SIZE = (40, 30)
# A mark of 6 × 4 on 40 × 30, moved by 5 and 3: inwards, or to the right and downwards.
PLACES = {
    "northwest": (5, 3), "north": (22, 3), "northeast": (29, 3),
    "west": (5, 16), "center": (22, 16), "east": (29, 16),
    "southwest": (5, 23), "south": (22, 23), "southeast": (29, 23),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _no_fonts_of_this_machine(tmp_path: Path) -> Iterator[None]:
    fonts.look_in(tmp_path)
    yield
    fonts.look_in(fonts.SYSTEM)


def uri(image: Image.Image) -> str:
    return "data:image/png;base64," + base64.b64encode(saved(image, "PNG")).decode()


def block(size: tuple[int, int] = (6, 4), colour: tuple[int, ...] = RED) -> str:
    return uri(Image.new("RGB" if len(colour) == 3 else "RGBA", size, colour))


def marked(ground: Image.Image, **parameters: object) -> Image.Image:
    return Watermark(**parameters).apply(of(ground)).image


def plain(size: tuple[int, int] = SIZE, colour: tuple[int, ...] = BLACK) -> Image.Image:
    return Image.new("RGB" if len(colour) == 3 else "RGBA", size, colour)


def with_block(at: tuple[int, int], size: tuple[int, int] = (6, 4)) -> Image.Image:
    image = plain()
    image.paste(RED, (*at, at[0] + size[0], at[1] + size[1]))
    return image


def box_of(image: Image.Image) -> tuple[int, int, int, int]:
    """What differs from black."""
    box = image.convert("RGB").getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("gravity", PLACES)
def test_the_mark_stands_at_its_gravity_to_the_pixel(gravity: str):
    result = marked(plain(), image=block(), gravity=gravity, offset_x=5, offset_y=3)
    assert result == with_block(PLACES[gravity])


@pytest.mark.parametrize(
    ("gravity", "offset", "at"),
    [
        ("southeast", (1000, 1000), (0, 0)),
        ("northwest", (1000, 1000), (34, 26)),
        ("northwest", (-7, -7), (0, 0)),
        ("center", (-7, -2), (10, 11)),
        ("center", (-1000, 1000), (0, 26)),
    ],
)
def test_an_offset_never_moves_the_mark_out_of_the_picture(gravity: str, offset: tuple[int, int], at: tuple[int, int]):
    result = marked(plain(), image=block(), gravity=gravity, offset_x=offset[0], offset_y=offset[1])
    assert result == with_block(at)


@pytest.mark.parametrize(
    ("ground", "mark", "opacity", "expected"),
    [
        (WHITE, RED, 1, (255, 0, 0)),
        (WHITE, RED, 0.5, (255, 127, 127)),  # 128 of 255 cover
        (WHITE, RED, 0.2, (255, 204, 204)),
        (WHITE, RED, 0, WHITE),
        (WHITE, (255, 0, 0, 128), 0.5, (255, 191, 191)),  # 64 of 255 cover
        ((0, 0, 0, 0), RED, 0.5, (255, 0, 0, 128)),  # and no darker than the mark
        ((0, 0, 255, 128), RED, 0.5, (170, 0, 85, 192)),  # 128/255 over 128/255: alpha 0.752, red 0.668 of it
        ((0, 0, 255, 128), RED, 1, (255, 0, 0, 255)),
    ],
)
def test_opacity_is_the_share_of_the_mark(
    ground: tuple[int, ...], mark: tuple[int, ...], opacity: float, expected: tuple[int, ...]
):
    result = marked(plain(colour=ground), image=block(SIZE, mark), opacity=opacity)
    assert result.getpixel((20, 15)) == pytest.approx(expected, abs=1 if len(ground) == 4 else 0)


@pytest.mark.parametrize("gravity", PLACES)
@pytest.mark.parametrize("offset", [0, 3, -11, 500])
def test_tiles_without_spacing_cover_the_whole_picture(gravity: str, offset: int):
    result = marked(
        plain(), image=block((7, 5)), gravity=gravity, tile=True, spacing=0, offset_x=offset, offset_y=offset
    )
    assert result == plain(colour=RED)


def test_tiles_begin_at_the_gravity_and_are_spaced_evenly():
    result = marked(plain(), image=block((7, 5)), gravity="southeast", offset_x=1, tile=True, spacing=3)
    expected = plain()
    for y in (-7, 1, 9, 17, 25):  # 30 - 5 = 25, and every 8 upwards
        for x in (-8, 2, 12, 22, 32):  # 40 - 7 - 1 = 32, and every 10 to the left
            expected.paste(RED, (x, y, x + 7, y + 5))
    assert result == expected


@pytest.mark.parametrize("mark", [(1, 1), (3, 200)])
def test_many_or_high_tiles_are_spaced_evenly_too(mark: tuple[int, int]):
    result = marked(plain((50, 1200)), image=block(mark), gravity="northwest", tile=True, spacing=2)
    across, down = mark[0] + 2, mark[1] + 2
    for y in range(1200):
        row = [RED if x % across < mark[0] and y % down < mark[1] else BLACK for x in range(50)]
        assert [result.getpixel((x, y)) for x in range(50)] == row


@pytest.mark.parametrize(
    ("mark", "more", "shown"),
    [
        ((10, 5), {"scale": 0.5}, (20, 10)),
        ((20, 10), {"scale": 0.1}, (4, 2)),
        ((10, 5), {"scale": 1.0}, (40, 20)),
        ((5, 10), {"scale": 1.0}, (15, 30)),  # the height is what fits
        ((100, 10), {}, (40, 4)),
        ((100, 10), {"rotate": 90.0}, (3, 30)),
        ((100, 1), {"scale": 0.001}, (1, 1)),
    ],
)
def test_the_mark_is_scaled_to_the_picture_and_never_larger(
    mark: tuple[int, int], more: dict[str, float], shown: tuple[int, int]
):
    left, top, right, bottom = box_of(marked(plain(), image=block(mark), gravity="northwest", **more))
    assert (left, top, right, bottom) == (0, 0, *shown)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5), (2, 3)])
@pytest.mark.parametrize("rotate", [0.0, 30.0, 45.0, 90.0, -137.5])
@pytest.mark.parametrize("tile", [False, True])
@pytest.mark.parametrize("colour", [BLACK, (0, 0, 0, 0)])
def test_tiny_and_elongated_pictures_take_any_mark(
    size: tuple[int, int], rotate: float, tile: bool, colour: tuple[int, ...]
):
    for mark in ({"image": block((50, 20)), "scale": 1.0}, {"text": "© Любой text"}, {"text": "W", "scale": 1.0}):
        assert marked(plain(size, colour), rotate=rotate, tile=tile, **mark).size == size


def test_the_mark_turns_clockwise():
    mark = plain((8, 4), RED)
    mark.paste(GREEN, (4, 0, 8, 4))
    result = marked(plain(), image=uri(mark), gravity="northwest", rotate=90.0)
    assert box_of(result) == (0, 0, 4, 8)
    assert (result.getpixel((2, 1)), result.getpixel((2, 6))) == (RED, GREEN)


def test_a_mark_that_stands_askew_has_soft_edges_without_another_colour():
    result = marked(plain((60, 60), (0, 0, 0, 0)), image=block((30, 30)), gravity="center", rotate=45.0)
    shown = {pixel for _, pixel in result.getcolors(9999) if pixel[3]}
    assert any(0 < pixel[3] < 255 for pixel in shown)
    assert all(pixel[:3] == RED for pixel in shown)
    left, top, right, bottom = box_of(result)  # 30 √2 = 42.4
    assert right - left == pytest.approx(42.4, abs=1.5)
    assert bottom - top == pytest.approx(42.4, abs=1.5)


@pytest.mark.parametrize("scale", [0.1, 0.5, 1.0])
def test_a_text_takes_its_share_of_the_width(scale: float):
    left, _, right, _ = box_of(marked(plain((800, 300)), text="Darkroom", scale=scale, stroke_width=0.0))
    assert right - left == pytest.approx(800 * scale, abs=2)


@pytest.mark.parametrize("rotate", [0.0, 33.0, 90.0])
def test_a_mark_is_never_larger_than_the_picture(rotate: float):
    for width in (1, 2, 5, 17, *range(30, 40), *range(200, 215)):
        for mark in ({"text": "Darkroom"}, {"image": block((30, 7))}):
            made = Watermark(scale=1.0, rotate=rotate, **mark)._mark((width, 150))
            assert made.width <= width
            assert made.height <= 150


def test_a_text_over_the_whole_width_is_whole():
    """Bars at both ends, of 0.06 em each: neither is cut."""
    for width in range(200, 900, 25):
        row = marked(plain((width, 300)), text="|Darkroom|", scale=1.0, gravity="center", stroke_width=0.0)
        left, top, right, bottom = box_of(row)
        assert right - left >= width - 6
        bars = [row.getpixel((x, (top + bottom) // 2))[0] for x in range(width)]
        assert abs(sum(bars[: width // 40]) - sum(bars[-(width // 40) :])) <= 255


def test_a_text_has_the_size_of_letters_asked_for():
    _, top, _, bottom = box_of(marked(plain((400, 200)), text="H", font_size=100.0, stroke_width=0.0))
    assert bottom - top == pytest.approx(71.4, abs=1)  # Noto Sans' capitals have 0.714 em


def test_a_text_is_as_wide_on_pictures_of_every_size():
    """Smaller letters than can be drawn are made smaller afterwards."""
    for width in (40, 400, 4000):
        left, _, right, _ = box_of(marked(plain((width, 400)), text="Darkroom", stroke_width=0.0))
        assert right - left == pytest.approx(width / 4, rel=0.1)


@pytest.mark.parametrize("ground", [BLACK, WHITE, (128, 128, 128)])
def test_a_text_can_be_read_on_any_ground(ground: tuple[int, int, int]):
    result = marked(plain((200, 100), ground), text="Darkroom", scale=0.8)
    darkest, brightest = result.convert("L").getextrema()
    assert (darkest, brightest) == (0, 255)


def test_colours_of_a_text_are_those_asked_for():
    result = marked(plain((200, 100), WHITE), text="█", font="NotoSansCJK-Regular", scale=0.5, color="#0000ff80",
                    stroke_width=0.0, gravity="center")  # fmt: skip
    assert result.getpixel((100, 50)) == (127, 127, 255)


def test_a_mark_in_display_p3_keeps_its_colour():
    """sRGB's red is 0.9175, 0.2003, 0.1386 in Display P3 (https://www.w3.org/TR/css-color-4/#color-conversion-code)."""
    picture = Picture((plain(),), (0, 0, *SIZE), SIZE, space="display-p3")
    result = Watermark(image=block(SIZE)).apply(picture).image
    assert result.getpixel((5, 5)) == pytest.approx((234, 51, 35), abs=2)


def test_every_frame_of_an_animation_gets_the_same_mark():
    grounds = (plain(), plain(colour=WHITE), plain(colour=GREEN))
    picture = Picture(grounds, (0, 0, *SIZE), SIZE, space="srgb", durations=(40, 50, 60), loop=3)
    result = Watermark(image=block(), gravity="northwest").apply(picture)
    assert (result.durations, result.loop) == ((40, 50, 60), 3)
    for frame, ground in zip(result.frames, grounds, strict=True):
        assert frame.crop((0, 0, 6, 4)) == plain((6, 4), RED)
        assert frame.getpixel((6, 4)) == ground.getpixel((6, 4))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_the_picture_that_other_steps_share_stays_as_it_was(mode: str):
    ground = Image.new(mode, SIZE)
    before = ground.copy()
    marked(ground, image=block(), tile=True, spacing=0)
    assert ground == before


def test_a_mark_that_is_used_twice_keeps_its_opacity():
    mark = block(SIZE)
    first, second = (marked(plain(), image=mark, opacity=0.5) for _ in range(2))
    assert first == second


def test_greyscale_pictures_get_the_mark_in_colour():
    assert marked(Image.new("L", SIZE, 200).convert("RGB"), image=block(SIZE)).getpixel((0, 0)) == RED
    picture = Picture((Image.new("L", SIZE, 200),), (0, 0, *SIZE), SIZE)
    assert Watermark(image=block(SIZE)).apply(picture).image.getpixel((0, 0)) == RED


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({}, "either image or text"),
        ({"image": block(), "text": "a"}, "either image or text"),
        ({"image": block(), "color": "red"}, "color is for a text"),
        ({"image": block(), "font_size": 12.0}, "font_size is for a text"),
        ({"text": "a", "scale": 0.5, "font_size": 12.0}, "exclude each other"),
        ({"text": "a", "spacing": 5}, "tile: true"),
        ({"text": ""}, "at least 1 character"),
        ({"text": "a" * 201}, "at most 200 characters"),
        ({"text": " \u200b "}, "nothing to show"),
        ({"text": "a\nb"}, r"U\+000A.*one line"),
        ({"text": "a\x00b"}, r"U\+0000.*control"),
        ({"text": "a\x7fb"}, r"U\+007F.*control"),
        ({"text": "a\u2028b"}, r"U\+2028.*one line"),
        ({"text": "a\u202eb"}, r"U\+202E.*direction"),
        ({"text": "a", "font": "../secret"}, "font"),
        ({"text": "a", "font": "/etc/passwd"}, "font"),
        ({"text": "a", "language": "../x"}, "language"),
        ({"text": "a", "gravity": "attention"}, "gravity"),
        ({"text": "a", "opacity": 1.1}, "opacity"),
        ({"text": "a", "scale": 0.0}, "scale"),
        ({"text": "a", "stroke_width": 0.3}, "stroke_width"),
        ({"text": "a", "font_size": 1e9}, "font_size"),
    ],
)
def test_what_can_not_be_a_mark_is_refused_with_a_reason(parameters: dict[str, object], reason: str):
    with pytest.raises(ValidationError, match=reason):
        Watermark(**parameters)


def test_letters_that_are_written_with_marks_are_composed():
    assert Watermark(text="e\u0301").text == "é"


@pytest.mark.parametrize("more", [{"text": "\ue123"}, {"text": "a", "font": "NoSuchFont"}])
def test_a_font_that_is_not_there_is_an_error_of_its_own(more: dict[str, str]):
    with pytest.raises(MissingFont, match="FONT_DIR"):
        marked(plain(), **more)


def test_marks_of_combining_characters_do_not_outgrow_the_picture():
    assert marked(plain((300, 200)), text="a" + "\u0301\u0323" * 99, scale=1.0).size == (300, 200)


def test_a_dot_and_many_spaces_are_not_drawn_as_large_as_the_dot_becomes(monkeypatch: pytest.MonkeyPatch):
    """The dot fills the height with letters of 7,000 pixels: at 2,000 the line would have 400,000 × 300 of them."""
    drawn_at = []

    def spy(lettering: Lettering, size: float) -> Image.Image:
        drawn_at.append(size)
        return drawn(lettering, size)

    monkeypatch.setattr(watermark, "drawn", spy)
    dot = "." + "\u3000" * 199
    _, top, right, bottom = box_of(marked(plain((1000, 1000)), text=dot, scale=1.0, stroke_width=0.0))
    assert (top, right, bottom) == pytest.approx((0, 1000, 1000), abs=20)
    assert drawn_at[0] < 1500
