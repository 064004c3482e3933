"""`rotate`: quarter turns exactly, other angles with smooth edges and nothing dark in them."""

from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from app.errors import UnsuitableImage
from app.imaging import picture as pictures
from app.imaging.operation import MAX_SIDE
from app.imaging.operations.resize import Resize
from app.imaging.operations.rotate import Rotate
from app.imaging.picture import settled

from .pictures import BLUE, GREEN, RED, WHITE, blobs, corners, furthest, noise, plain, turned

CLEAR = (0, 0, 0, 0)


def made(image: Image.Image, angle: float, **parameters: object) -> Image.Image:
    rotate = Rotate(angle=angle, **parameters)
    result = settled(rotate.apply(pictures.of(image)))
    assert result.size == result.image.size == rotate.sized(image.size)
    return result.image


def covered(image: Image.Image) -> float:
    """The area that is to be seen, in pixels."""
    return sum(image.getchannel("A").tobytes()) / 255


@pytest.mark.parametrize(
    ("angle", "turn"),
    [
        (0, None), (360, None), (-720, None),
        (90, Image.Transpose.ROTATE_270), (-270, Image.Transpose.ROTATE_270), (450.0, Image.Transpose.ROTATE_270),
        (180, Image.Transpose.ROTATE_180), (-180, Image.Transpose.ROTATE_180), (3780, Image.Transpose.ROTATE_180),
        (270, Image.Transpose.ROTATE_90), (-90, Image.Transpose.ROTATE_90), (-450, Image.Transpose.ROTATE_90),
    ],
)  # fmt: skip
def test_quarter_turns_change_no_pixel(angle: float, turn) -> None:
    image = noise((7, 4))
    assert furthest(made(image, angle), image if turn is None else image.transpose(turn)) == 0


def test_a_quarter_turn_is_clockwise() -> None:
    result = made(corners((6, 4)), 90)
    assert [result.getpixel(at) for at in ((0, 0), (3, 0), (0, 5), (3, 5))] == [BLUE, RED, WHITE, GREEN]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_follow_the_orientation(orientation: int, turns: int) -> None:
    image = noise((7, 4))
    picture = Rotate(angle=90 * turns).apply(replace(pictures.of(image), orientation=orientation))
    assert picture.turned
    assert picture.frames[0] is image, "nothing was copied"
    upright = turned(image, orientation)
    for _ in range(turns):
        upright = upright.transpose(Image.Transpose.ROTATE_270)
    assert picture.size == upright.size
    assert furthest(settled(picture).image, upright) == 0


def test_quarter_turns_work_at_any_scale_and_others_need_all_pixels() -> None:
    assert [Rotate(angle=angle).share((9, 9)) for angle in (0, 90, 45, -1)] == [None, None, 1.0, 1.0]


@pytest.mark.parametrize(
    ("size", "angle", "expected"),
    [
        ((320, 240), 30, (397, 368)),  # these three are of sharp's own tests (test/unit/rotate.js)
        ((320, 240), -150, (397, 368)),
        ((240, 240), 315, (339, 339)),
        ((100, 100), 45, (141, 141)),
        ((3, 4), 53.13010235415598, (5, 5)),  # 3·0.6 + 4·0.8, 3·0.8 + 4·0.6 = 4.8
        ((1, 1), 45, (1, 1)),
        ((1000, 1), 90.5, (10, 1000)),
        ((1000, 1), 45, (708, 708)),
    ],
)
def test_other_angles_grow_to_what_the_picture_takes_up(size, angle: float, expected) -> None:
    assert made(plain(size=size), angle).size == expected


@pytest.mark.parametrize("angle", [1, 30, 45, 89.9, 135, 200, -20])
@pytest.mark.parametrize("size", [(90, 60), (60, 61), (200, 3)])
def test_no_angle_takes_area_away_or_adds_any(size, angle: float) -> None:
    """Smooth edges cover in sum what the picture covered, but for what the rounded size cuts: half a pixel a side."""
    rounded_off = 0.1 * sum(size)
    assert covered(made(plain(size=size, colour=RED), angle)) == pytest.approx(size[0] * size[1], abs=rounded_off)


def test_the_picture_turns_clockwise_around_its_middle(near) -> None:
    """By 30°: the corners of 400 × 400 on 546 × 546, worked out by hand. cos = 0.866, sin = 0.5; middle at 273, 273.

    The upper left quadrant's middle (-100, -100) comes to (-36.6, -136.6), and so on clockwise.
    """
    result = made(corners((400, 400)), 30).convert("RGB")
    seen = [result.getpixel(at) for at in ((236, 136), (410, 236), (136, 310), (310, 410))]
    assert seen == [RED, GREEN, BLUE, WHITE]


def test_turning_there_and_back_gives_the_picture_again() -> None:
    image = blobs((200, 150))
    there = made(image, 20)
    back = made(there, -20)
    left, top = (back.width - 200) / 2, (back.height - 150) / 2
    same = back.transform((200, 150), Image.Transform.AFFINE, (1, 0, left, 0, 1, top), Image.Resampling.BICUBIC)
    inner = (8, 8, 192, 142)
    assert furthest(same.convert("RGB").crop(inner), image.crop(inner)) <= 6


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_edges_are_smooth_and_of_the_pictures_own_colour(mode: str, near) -> None:
    colour = (250, 120, 10, 255)[: len(mode)]
    result = made(plain(mode, (60, 40), colour), 30)
    pixels = list(result.get_flattened_data())
    assert len({alpha for *_, alpha in pixels}) > 30
    assert all(near(tuple(shown), (250, 120, 10), 9) for *shown, alpha in pixels if alpha > 15)


def test_what_is_transparent_does_not_bleed(near) -> None:
    image = Image.new("RGBA", (60, 60), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (15, 15, 45, 45))
    pixels = made(image, 17).get_flattened_data()
    assert all(near(tuple(shown), RED, 9) for *shown, alpha in pixels if alpha > 15)


def test_the_background_fills_the_corners(near) -> None:
    image = plain(size=(40, 40), colour=RED)
    assert made(image, 45).getpixel((0, 0)) == CLEAR
    opaque = made(image, 45, background="#0000ff")
    assert (opaque.mode, opaque.getpixel((0, 0)), opaque.getpixel((28, 28))) == ("RGB", BLUE, RED)
    half = made(image, 45, background="#0000ff80")
    assert (half.getpixel((0, 0)), half.getpixel((28, 28))) == ((0, 0, 255, 128), (255, 0, 0, 255))


def test_the_edge_to_a_background_is_a_mixture_of_both() -> None:
    pixels = made(plain(size=(40, 40), colour=RED), 30, background="#0000ff").get_flattened_data()
    assert all(abs(red + blue - 255) <= 2 and green == 0 for red, green, blue in pixels)


def test_frames_are_turned_alike() -> None:
    frames = (plain(size=(20, 10), colour=RED), plain("RGBA", (20, 10), (0, 0, 255, 128)))
    picture = settled(Rotate(angle=45).apply(replace(pictures.of(frames[0]), frames=frames, durations=(10, 20))))
    assert picture.durations == (10, 20)
    assert [(frame.mode, frame.size) for frame in picture.frames] == [("RGBA", (21, 21))] * 2
    assert [frame.getpixel((10, 10)) for frame in picture.frames] == [(255, 0, 0, 255), (0, 0, 255, 128)]


def test_a_quarter_turn_after_a_resize_turns_its_sides() -> None:
    picture = Rotate(angle=90).apply(Resize(width=10).apply(pictures.of(noise((40, 20)))))
    assert picture.size == (5, 10)


def test_a_result_beyond_the_limit_is_refused_with_its_size() -> None:
    with pytest.raises(UnsuitableImage, match=r"turned picture would be 16971 × 16971 pixels; a side is at most 16384"):
        Rotate(angle=45).sized((12_000, 12_000))
    assert Rotate(angle=90).sized((60_000, 2)) == (2, 60_000)
    assert max(Rotate(angle=45).sized((11_585, 11_585))) <= MAX_SIDE


@pytest.mark.parametrize("angle", [None, "90", float("nan"), float("inf"), 36_001])
def test_what_is_no_angle_is_refused(angle) -> None:
    with pytest.raises(ValidationError):
        Rotate(angle=angle)
