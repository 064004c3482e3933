"""The BlurHash and the dominant colour."""

import pytest
from blurhash_rs import blurhash_decode
from PIL import Image

from .conftest import Darkroom, spec
from .pictures import RED, gradient, noise, plain, saved

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def components(blurhash: str) -> tuple[int, int]:
    """From the first digit, as the BlurHash algorithm description has it."""
    flag = DIGITS.index(blurhash[0])
    return flag % 9 + 1, flag // 9 + 1


@pytest.mark.parametrize(
    ("size", "expected"),
    [((400, 300), (4, 3)), ((300, 400), (3, 4)), ((200, 200), (3, 3)), ((900, 9), (9, 1)), ((9, 900), (1, 9))],
)
def test_the_components_follow_the_aspect_ratio(darkroom: Darkroom, size, expected) -> None:
    assert components(darkroom.render(saved(gradient(size), "PNG")).placeholder) == expected


def test_the_placeholder_looks_like_the_picture(darkroom: Darkroom, near) -> None:
    placeholder = darkroom.render(saved(gradient((640, 480)), "JPEG"), [spec(320), spec(32)]).placeholder
    decoded = blurhash_decode(placeholder, 64, 48)
    small = gradient((64, 48))
    assert all(near(decoded.getpixel(at), small.getpixel(at), 40) for at in ((8, 8), (56, 8), (32, 24), (56, 40)))


def test_what_is_transparent_is_white_in_the_placeholder(darkroom: Darkroom, near) -> None:
    placeholder = darkroom.render(saved(plain("RGBA", colour=(0, 0, 0, 0)), "PNG")).placeholder
    assert near(blurhash_decode(placeholder, 4, 4).getpixel((2, 2)), (255, 255, 255))


def test_the_dominant_colour_is_that_of_most_pixels(darkroom: Darkroom) -> None:
    image = plain(size=(100, 100), colour=(200, 30, 40))
    image.paste((10, 10, 200), (0, 0, 100, 40))
    assert darkroom.render(saved(image, "PNG")).dominant_color == "#c81e28"


def test_transparent_pixels_do_not_count_for_the_dominant_colour(darkroom: Darkroom) -> None:
    image = plain("RGBA", (100, 100), (0, 255, 0, 0))
    image.paste((200, 30, 40, 255), (0, 0, 100, 30))
    assert darkroom.render(saved(image, "PNG")).dominant_color == "#c81e28"


@pytest.mark.parametrize(
    ("mode", "colour", "seen"), [("RGBA", (9, 9, 9, 0), "#ffffff"), ("L", 0, "#000000"), ("RGB", RED, "#ff0000")]
)
def test_the_dominant_colour_of_one_colour_is_that_colour(darkroom: Darkroom, mode: str, colour, seen: str) -> None:
    assert darkroom.render(saved(plain(mode, colour=colour), "PNG")).dominant_color == seen


def test_of_equal_shares_the_darker_is_named_on_every_run(darkroom: Darkroom) -> None:
    image = plain(size=(64, 64), colour=(0, 0, 0))
    image.paste((255, 255, 255), (0, 0, 32, 64))
    assert {darkroom.render(saved(image, "PNG"), [spec(64)]).dominant_color for _ in range(3)} == {"#000000"}


def test_both_are_the_same_on_every_run(darkroom: Darkroom) -> None:
    renderings = [darkroom.render(saved(noise(), "PNG")) for _ in range(3)]
    assert len({(rendering.placeholder, rendering.dominant_color) for rendering in renderings}) == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 2)])
def test_every_size_has_both(darkroom: Darkroom, size: tuple[int, int]) -> None:
    rendering = darkroom.render(saved(Image.new("RGB", size, RED), "PNG"), [spec(320, "jpeg")])
    assert (rendering.dominant_color, rendering.placeholder != "") == ("#ff0000", True)
