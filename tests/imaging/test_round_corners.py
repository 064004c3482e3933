"""`round_corners`: circles at the corners, smooth, and nothing else is touched."""

import math
from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from app.imaging import picture as pictures
from app.imaging.operations.round_corners import RoundCorners
from app.imaging.picture import settled

from .pictures import BLUE, RED, furthest, noise, plain

CLEAR = (0, 0, 0, 0)


def made(image: Image.Image, /, **parameters: object) -> Image.Image:
    corners = RoundCorners(**parameters)
    result = settled(corners.apply(pictures.of(image)))
    assert result.size == result.image.size == corners.sized(image.size) == image.size
    return result.image


def alpha(image: Image.Image, **parameters: object) -> Image.Image:
    return made(image, **parameters).getchannel("A")


def covered(mask: Image.Image) -> float:
    return sum(mask.tobytes()) / 255


@pytest.mark.parametrize(
    ("size", "parameters", "radius"),
    [
        ((100, 60), {"radius": 10}, 10),
        ((100, 60), {"radius": 12.5}, 12.5),
        ((61, 100), {"percent": 50}, 30.5),
        ((100, 60), {"percent": 25}, 15),
        ((64, 64), {"radius": 1000}, 32),
        ((40, 9), {"radius": 1000}, 4.5),
    ],
)
def test_each_corner_loses_what_a_square_has_more_than_a_quarter_circle(size, parameters, radius: float) -> None:
    lost = size[0] * size[1] - covered(alpha(plain(size=size), **parameters))
    assert lost == pytest.approx((4 - math.pi) * radius**2, rel=0.01)


def test_each_pixel_has_the_alpha_of_its_share_of_the_circle() -> None:
    """Counted at 64 × 64 points in each pixel of the upper left corner."""
    radius = 7.3
    mask = alpha(plain(size=(30, 20)), radius=radius)
    points = [(at + 0.5) / 64 for at in range(64)]
    for x in range(9):
        for y in range(9):
            inside = sum(
                x + u >= radius or y + v >= radius or math.hypot(radius - x - u, radius - y - v) <= radius
                for u in points
                for v in points
            )
            assert abs(mask.getpixel((x, y)) - 255 * inside / 64**2) <= 5, (x, y)


@pytest.mark.parametrize("size", [(30, 20), (31, 21), (7, 60)])
def test_all_corners_are_alike(size) -> None:
    mask = alpha(plain(size=size), percent=40)
    assert furthest(mask, mask.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) == 0
    assert furthest(mask, mask.transpose(Image.Transpose.FLIP_TOP_BOTTOM)) == 0


def test_what_lies_between_the_corners_stays() -> None:
    image = noise((40, 30))
    result = made(image, radius=8)
    for box in ((8, 0, 32, 30), (0, 8, 40, 22)):
        assert furthest(result.crop(box), image.crop(box).convert("RGBA")) == 0


def test_what_is_cut_away_is_gone_and_the_edge_keeps_its_colour() -> None:
    for *colour, opacity in made(plain(size=(40, 40), colour=(200, 100, 50)), percent=50).get_flattened_data():
        assert tuple(colour) == ((200, 100, 50) if opacity else (0, 0, 0))


def test_transparency_that_was_there_stays(near) -> None:
    result = made(plain("RGBA", (20, 20), (9, 8, 7, 100)), radius=5)
    assert result.getpixel((10, 10)) == (9, 8, 7, 100)
    assert result.getpixel((0, 0)) == CLEAR
    assert {pixel[3] for pixel in result.get_flattened_data()} >= {0, 100}
    assert max(pixel[3] for pixel in result.get_flattened_data()) == 100


def test_the_background_is_seen_in_the_corners() -> None:
    result = made(plain(size=(40, 40), colour=RED), percent=50, background="#0000ff")
    assert (result.mode, result.getpixel((0, 0)), result.getpixel((20, 20))) == ("RGB", BLUE, RED)
    assert all(abs(red + blue - 255) <= 1 for red, _, blue in result.get_flattened_data())


@pytest.mark.parametrize("parameters", [{"radius": 0}, {"percent": 0}])
def test_no_radius_changes_nothing(parameters) -> None:
    assert furthest(made(noise((9, 7)), **parameters), noise((9, 7))) == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_something_of_every_picture_stays(size) -> None:
    mask = alpha(plain(size=size), percent=50)
    assert covered(mask) == pytest.approx(size[0] * size[1] - (4 - math.pi) * (min(size) / 2) ** 2, abs=0.06)


def test_frames_are_rounded_alike() -> None:
    frames = (plain(size=(20, 10), colour=RED), plain("RGBA", (20, 10), (0, 0, 255, 128)))
    picture = replace(pictures.of(frames[0]), frames=frames, durations=(1, 2))
    result = settled(RoundCorners(percent=50).apply(picture))
    assert [frame.getpixel((0, 0)) for frame in result.frames] == [CLEAR, CLEAR]
    assert [frame.getpixel((10, 5)) for frame in result.frames] == [(255, 0, 0, 255), (0, 0, 255, 128)]


@pytest.mark.parametrize("parameters", [{}, {"radius": 1, "percent": 1}, {"radius": -1}, {"percent": 51}])
def test_impossible_radii_are_refused(parameters) -> None:
    with pytest.raises(ValidationError):
        RoundCorners(**parameters)
