"""`extend`: how much is added where, and what is to be seen there."""

from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from app.errors import UnsuitableImage
from app.imaging import picture as pictures
from app.imaging.operation import MAX_SIDE
from app.imaging.operations.extend import Extend
from app.imaging.picture import settled

from .pictures import BLUE, GREEN, RED, WHITE, blobs, corners, furthest, noise, plain, turned

CLEAR = (0, 0, 0, 0)


def made(image: Image.Image, /, **parameters: object) -> Image.Image:
    extend = Extend(**parameters)
    result = settled(extend.apply(pictures.of(image)))
    assert result.size == result.image.size == extend.sized(image.size)
    return result.image


def columns(image: Image.Image, y: int = 0) -> list[object]:
    return [image.getpixel((x, y)) for x in range(image.width)]


def test_each_side_gets_its_own_pixels() -> None:
    image = noise((7, 5))
    result = made(image, top=1, right=2, bottom=3, left=4, background="#0000ff")
    assert (result.mode, result.size) == ("RGB", (13, 9))
    assert furthest(result.crop((4, 1, 11, 6)), image) == 0
    result.paste(RED, (4, 1, 11, 6))
    assert {colour: count for count, colour in result.getcolors()} == {RED: 35, BLUE: 13 * 9 - 35}


def test_a_side_that_is_left_out_gets_nothing() -> None:
    assert made(plain(size=(7, 5)), left=3).size == (10, 5)
    assert furthest(made(noise((7, 5)), top=0), noise((7, 5))) == 0


@pytest.mark.parametrize(
    ("size", "ratio", "expected"),
    [
        ((400, 300), "4:3", (400, 300)),
        ((400, 300), "1:1", (400, 400)),
        ((300, 400), "1:1", (400, 400)),
        ((300, 300), "16:9", (533, 300)),
        ((300, 300), "9:16", (300, 533)),
        ((1000, 562), "16:9", (1000, 562)),
        ((1, 1), "100:1", (100, 1)),
        ((3, 1), "2:1", (3, 2)),
        ((1, 90), "1:100", (1, 100)),
    ],
)
def test_an_aspect_ratio_takes_the_smallest_box_around(size, ratio: str, expected) -> None:
    assert made(plain(size=size), aspect_ratio=ratio).size == expected


@pytest.mark.parametrize(
    ("gravity", "left"),
    [("west", 0), ("northwest", 0), ("center", 4), ("north", 4), ("south", 4), ("east", 9), ("southeast", 9)],
)
def test_gravity_places_the_picture(gravity: str, left: int) -> None:
    wide = made(plain(size=(2, 11), colour=RED), aspect_ratio="1:1", gravity=gravity, background="#0000ff")
    assert columns(wide) == [BLUE] * left + [RED] * 2 + [BLUE] * (9 - left)


def test_the_background_is_transparent_unless_given() -> None:
    result = made(plain(size=(2, 2), colour=RED), left=1)
    assert (result.mode, columns(result)) == ("RGBA", [CLEAR, (*RED, 255), (*RED, 255)])
    assert columns(made(plain(size=(2, 2), colour=RED), left=1, background="#00ff0080"))[0] == (0, 255, 0, 128)


def test_a_transparent_picture_lies_on_the_background(near) -> None:
    image = plain("RGBA", (2, 2), (255, 0, 0, 128))
    result = made(image, left=1, background="white")
    assert (result.mode, result.getpixel((0, 0))) == ("RGB", WHITE)
    assert near(result.getpixel((1, 0)), (255, 127, 127), 1)


def test_a_mirror_reflects_at_the_edge() -> None:
    """a b c → b a | a b c | c b"""
    image = Image.new("RGB", (3, 1))
    a, b, c = RED, GREEN, BLUE
    for x, colour in enumerate((a, b, c)):
        image.putpixel((x, 0), colour)
    assert columns(made(image, left=2, right=2, mode="mirror")) == [b, a, a, b, c, c, b]
    upright = made(image.transpose(Image.Transpose.TRANSPOSE), top=2, bottom=2, mode="mirror")
    assert columns(upright.transpose(Image.Transpose.TRANSPOSE)) == [b, a, a, b, c, c, b]


def test_a_mirror_goes_on_as_often_as_it_takes() -> None:
    """Each pixel by the definition: what lies beyond the edge is counted back from it, with a period of two widths."""
    image = noise((3, 2))
    left, top, right, bottom = 7, 5, 4, 3
    result = made(image, left=left, top=top, right=right, bottom=bottom, mode="mirror")

    def back(at: int, side: int) -> int:
        at %= 2 * side
        return min(at, 2 * side - 1 - at)

    for x in range(result.width):
        for y in range(result.height):
            assert result.getpixel((x, y)) == image.getpixel((back(x - left, 3), back(y - top, 2)))


def test_a_mirror_keeps_alpha() -> None:
    image = Image.new("RGBA", (2, 1), (9, 9, 9, 50))
    image.putpixel((0, 0), (1, 2, 3, 4))
    assert columns(made(image, left=3, mode="mirror")) == [
        (9, 9, 9, 50), (9, 9, 9, 50), (1, 2, 3, 4), (1, 2, 3, 4), (9, 9, 9, 50),
    ]  # fmt: skip


def test_one_pixel_can_be_mirrored_to_a_long_line() -> None:
    assert made(plain(size=(1, 1), colour=RED), left=5000, bottom=1, mode="mirror").getcolors() == [(10_002, RED)]


def test_a_blur_shows_the_middle_of_the_picture_enlarged(near) -> None:
    """400 × 100 to a square: of the picture the middle 100 × 100 covers it, whose left half is red, its right blue."""
    image = Image.new("RGB", (400, 100), GREEN)
    image.paste(RED, (150, 0, 200, 100))
    image.paste(BLUE, (200, 0, 250, 100))
    result = made(image, aspect_ratio="1:1", mode="blur")
    assert furthest(result.crop((0, 150, 400, 250)), image) == 0
    for y in (0, 60, 140, 260, 399):
        assert near(result.getpixel((100, y)), RED, 3)
        assert near(result.getpixel((300, y)), BLUE, 3)
        assert near(result.getpixel((200, y)), (128, 0, 128), 12)


def test_a_blur_is_smooth() -> None:
    """Of noise in cells of a pixel nothing but its mean is left, which is grey."""
    ground = made(noise((480, 270)), top=200, mode="blur").crop((0, 0, 480, 200))
    assert all(high - low < 40 for low, high in ground.getextrema())
    beside = ground.crop((1, 0, 480, 200)), ground.crop((0, 0, 479, 200))
    assert furthest(*beside) <= 3


def test_a_blur_looks_alike_at_every_size(near) -> None:
    small, large = blobs((200, 100), 20), blobs((200, 100), 20).resize((1600, 800))
    first, second = (made(image, aspect_ratio="1:1", mode="blur") for image in (small, large))
    assert all(
        near(first.getpixel((x, y)), second.getpixel((8 * x + 4, 8 * y + 4)), 12)
        for x in (5, 60, 110, 190)
        for y in (5, 30, 170)
    )


def test_a_blur_of_transparent_parts_brings_out_no_hidden_colour(near) -> None:
    image = Image.new("RGBA", (100, 50), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (30, 0, 70, 50))
    pixels = made(image, aspect_ratio="1:1", mode="blur").get_flattened_data()
    assert all(near(tuple(colour), RED, 12) for *colour, alpha in pixels if alpha > 15)


@pytest.mark.parametrize("mode", ["background", "blur", "mirror"])
@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1)])
def test_tiny_and_elongated_pictures_are_extended(mode: str, size) -> None:
    result = made(plain(size=size, colour=RED), aspect_ratio="16:9", mode=mode)
    assert result.convert("RGB").getpixel(((result.width - 1) // 2, (result.height - 1) // 2)) == RED


@pytest.mark.parametrize("mode", ["background", "blur", "mirror"])
def test_frames_are_extended_alike(mode: str) -> None:
    frames = (corners((8, 6)), plain("RGBA", (8, 6), (0, 0, 255, 128)), noise((8, 6)))
    picture = replace(pictures.of(frames[0]), frames=frames, durations=(1, 2, 3))
    result = settled(Extend(left=3, top=1, mode=mode).apply(picture))
    assert [frame.size for frame in result.frames] == [(11, 7)] * 3
    assert result.durations == (1, 2, 3)
    assert furthest(result.frames[2].convert("RGB").crop((3, 1, 11, 7)), frames[2]) == 0


def test_the_top_is_that_of_the_displayed_picture() -> None:
    picture = replace(pictures.of(noise((6, 4))), orientation=6)
    result = settled(Extend(top=2, background="red").apply(picture))
    assert result.size == (4, 8)
    assert furthest(result.image.crop((0, 2, 4, 8)), turned(noise((6, 4)), 6)) == 0


def test_a_result_beyond_the_limit_is_refused_with_its_size() -> None:
    with pytest.raises(UnsuitableImage, match=r"extended picture would be 16385 × 3 pixels; a side is at most 16384"):
        Extend(left=16_380).sized((5, 3))
    with pytest.raises(UnsuitableImage, match=r"would be 20000 × 200 pixels"):
        Extend(aspect_ratio="100:1").sized((1, 200))
    assert Extend(left=16_379).sized((5, 3)) == (MAX_SIDE, 3)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({}, "either top, right, bottom or left, or aspect_ratio"),
        ({"top": 1, "aspect_ratio": "1:1"}, "either top, right, bottom or left, or aspect_ratio"),
        ({"top": -1}, "greater than or equal to 0"),
        ({"top": MAX_SIDE + 1}, "less than or equal to 16384"),
        ({"top": 1, "gravity": "north"}, "gravity places a picture in an aspect_ratio"),
        ({"aspect_ratio": "1:1", "gravity": "entropy"}, "'center'"),
        ({"top": 1, "mode": "blur", "background": "red"}, "mode blur shows no background"),
        ({"aspect_ratio": "0:1"}, "no aspect ratio"),
    ],
)
def test_impossible_combinations_are_refused(parameters, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Extend(**parameters)
