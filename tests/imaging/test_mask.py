"""`mask`: shapes by their areas and points, images by their luminance and alpha."""

import base64
import math
from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from app.imaging import picture as pictures
from app.imaging.operations.mask import Mask
from app.imaging.picture import settled

from .pictures import BLUE, GREEN, RED, WHITE, furthest, noise, plain, saved

CLEAR = (0, 0, 0, 0)


def made(image: Image.Image, /, **parameters: object) -> Image.Image:
    mask = Mask(**parameters)
    result = settled(mask.apply(pictures.of(image)))
    assert result.size == result.image.size == mask.sized(image.size) == image.size
    return result.image


def shape(size: tuple[int, int], name: str) -> Image.Image:
    return made(plain(size=size, colour=RED), shape=name).getchannel("A")


def embedded(image: Image.Image) -> str:
    return f"data:image/png;base64,{base64.b64encode(saved(image, 'PNG')).decode()}"


# The area of |x/a|⁴ + |y/b|⁴ = 1 is 4ab·Γ(5/4)²/Γ(3/2), of its box 4ab.
SQUIRCLE = math.gamma(1.25) ** 2 / math.gamma(1.5)


@pytest.mark.parametrize(
    ("name", "size", "area"),
    [
        ("circle", (80, 80), math.pi * 40**2),
        ("circle", (101, 60), math.pi * 30**2),
        ("ellipse", (100, 60), math.pi * 50 * 30),
        ("ellipse", (7, 200), math.pi * 3.5 * 100),
        ("squircle", (80, 80), SQUIRCLE * 80 * 80),
        ("squircle", (61, 100), SQUIRCLE * 61 * 100),
    ],
)
def test_shapes_have_the_area_that_geometry_gives_them(name: str, size, area: float) -> None:
    mask = shape(size, name)
    assert sum(mask.tobytes()) / 255 == pytest.approx(area, rel=0.005)
    for turn in (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM):
        assert furthest(mask, mask.transpose(turn)) == 0


def test_a_circle_lies_in_the_middle_and_an_ellipse_reaches_all_sides() -> None:
    circle, ellipse = shape((100, 40), "circle"), shape((100, 40), "ellipse")
    assert circle.getbbox() == (30, 0, 70, 40)
    assert ellipse.getbbox() == (0, 0, 100, 40)


def test_a_squircle_passes_through_its_diagonal_point() -> None:
    """x = y = a·2^(-1/4) = 0.8409 a: from 100 + 84.09 on, the diagonal is outside."""
    squircle = shape((200, 200), "squircle")
    assert [squircle.getpixel((at, at)) > 128 for at in (182, 183, 185, 186)] == [True, True, False, False]


@pytest.mark.parametrize("name", ["circle", "ellipse", "squircle"])
def test_edges_are_smooth(name: str) -> None:
    assert len(set(shape((60, 60), name).tobytes())) > 20


def test_a_mask_image_keeps_white_and_takes_black_and_transparent() -> None:
    mask = Image.new("RGBA", (4, 1), (255, 255, 255, 255))
    mask.putpixel((1, 0), (0, 0, 0, 255))
    mask.putpixel((2, 0), (255, 255, 255, 0))
    mask.putpixel((3, 0), (255, 255, 255, 102))
    image = noise((4, 1))
    result = made(image, image=embedded(mask))
    assert list(result.getchannel("A").tobytes()) == [255, 0, 0, 102]
    assert [result.getpixel((1, 0)), result.getpixel((2, 0))] == [CLEAR, CLEAR]
    assert result.getpixel((0, 0))[:3] == image.getpixel((0, 0))


@pytest.mark.parametrize(
    ("colour", "luma"), [(RED, 76), (GREEN, 150), (BLUE, 29), ((128, 128, 128), 128), (WHITE, 255)]
)
def test_colours_count_by_their_luminance(colour, luma: int) -> None:
    """ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B."""
    assert made(plain(size=(3, 3)), image=embedded(plain(size=(2, 2), colour=colour))).getpixel((1, 1))[3] == luma


def test_luminance_and_alpha_multiply() -> None:
    mask = plain("RGBA", (2, 2), (128, 128, 128, 128))
    assert made(plain(size=(3, 3)), image=embedded(mask)).getpixel((1, 1))[3] == 64


def test_a_mask_image_is_stretched_over_the_picture() -> None:
    mask = Image.new("L", (2, 2))
    mask.paste(255, (1, 0, 2, 2))
    result = made(plain(size=(200, 20), colour=RED), image=embedded(mask))
    assert [result.getpixel((x, 10))[3] for x in (0, 30, 170, 199)] == [0, 0, 255, 255]


def test_hidden_colours_of_a_mask_do_not_leak_when_it_is_stretched() -> None:
    """Transparent white beside opaque black is nothing beside nothing."""
    mask = Image.new("RGBA", (2, 1), (255, 255, 255, 0))
    mask.putpixel((1, 0), (0, 0, 0, 255))
    assert set(made(plain(size=(50, 5)), image=embedded(mask)).getchannel("A").tobytes()) == {0}


def test_the_pictures_own_transparency_multiplies() -> None:
    result = made(plain("RGBA", (9, 9), (1, 2, 3, 100)), shape="circle")
    assert (result.getpixel((4, 4)), result.getpixel((0, 0))) == ((1, 2, 3, 100), CLEAR)


def test_the_background_is_seen_where_the_picture_is_cut_away() -> None:
    result = made(plain(size=(40, 40), colour=RED), shape="circle", background="#0000ff")
    assert (result.mode, result.getpixel((0, 0)), result.getpixel((20, 20))) == ("RGB", BLUE, RED)
    assert all(abs(red + blue - 255) <= 1 for red, _, blue in result.get_flattened_data())


@pytest.mark.parametrize("size", [(1, 1), (1, 60), (60, 1)])
@pytest.mark.parametrize("name", ["circle", "ellipse", "squircle"])
def test_something_of_every_picture_stays(size, name: str) -> None:
    assert max(shape(size, name).tobytes()) > 90  # a circle of one pixel that lies on two has 0.39 in each


def test_frames_are_masked_alike() -> None:
    frames = (plain(size=(20, 20), colour=RED), plain("RGBA", (20, 20), (0, 0, 255, 128)))
    picture = replace(pictures.of(frames[0]), frames=frames, durations=(1, 2))
    result = settled(Mask(shape="circle").apply(picture))
    assert [frame.getpixel((0, 0)) for frame in result.frames] == [CLEAR, CLEAR]
    assert [frame.getpixel((10, 10)) for frame in result.frames] == [(255, 0, 0, 255), (0, 0, 255, 128)]


def test_it_is_fitted_to_the_displayed_picture() -> None:
    picture = replace(pictures.of(plain(size=(60, 20), colour=RED)), orientation=6)
    assert settled(Mask(shape="circle").apply(picture)).image.getchannel("A").getbbox() == (0, 20, 20, 40)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({}, "either shape or image"),
        ({"shape": "circle", "image": embedded(plain())}, "either shape or image"),
        ({"shape": "star"}, "'circle', 'ellipse' or 'squircle'"),
        ({"image": "mask.png"}, "must begin with data:image/png;base64,"),
    ],
)
def test_impossible_masks_are_refused(parameters, sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Mask(**parameters)
