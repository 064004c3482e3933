"""`blur`: how far it reaches, and what it leaves alone."""

import math
from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from app.imaging.operations.blur import Blur
from app.imaging.picture import Picture, of

from .pictures import plain


def blurred(image: Image.Image, sigma: float) -> Image.Image:
    return Blur(sigma=sigma).apply(of(image)).image


def edge(distance: float, sigma: float) -> float:
    """What the sampled Gaussian makes of a step from 0 to 1, so far from it."""
    weights = {at: math.exp(-(at**2) / (2 * sigma**2)) for at in range(-200, 201)}
    return sum(weight for at, weight in weights.items() if at <= distance) / sum(weights.values())


@pytest.mark.parametrize("sigma", [0.5, 1, 2.5, 6, 20])
def test_an_edge_becomes_what_a_gaussian_of_that_sigma_makes_of_it(sigma: float) -> None:
    """Three box blurs are within 3% of a Gaussian; a level is 0.4%."""
    image = plain("RGB", (400, 3), (0, 0, 0))
    image.paste((255, 255, 255), (200, 0, 400, 3))
    row = [blurred(image, sigma).getpixel((x, 1))[0] for x in range(400)]
    expected = [255 * edge(x - 199.5, sigma) for x in range(400)]
    assert max(abs(a - b) for a, b in zip(row, expected, strict=True)) <= 0.03 * 255
    assert row == sorted(row)


def test_it_blurs_downwards_as_far_as_across() -> None:
    image = plain("RGB", (61, 61), (0, 0, 0))
    image.paste((255, 255, 255), (28, 28, 33, 33))
    result = blurred(image, 5)
    for at in range(61):
        assert result.getpixel((30, at)) == pytest.approx(result.getpixel((at, 30)), abs=1)


def test_one_colour_stays_up_to_the_edges() -> None:
    image = plain("RGB", (30, 20), (200, 3, 77))
    assert blurred(image, 9).tobytes() == image.tobytes()


def test_what_is_transparent_does_not_darken_what_is_not() -> None:
    """A red half next to a transparent black one: it only fades."""
    image = plain("RGBA", (80, 10), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 40, 10))
    result = blurred(image, 4)
    assert result.mode == "RGBA"
    for x in range(48):
        red, green, blue, alpha = result.getpixel((x, 5))
        assert (red, green, blue) == (255, 0, 0)
        assert alpha == pytest.approx(255 * (1 - edge(x - 39.5, 4)), abs=0.03 * 255)


def test_every_frame_is_blurred_alone() -> None:
    frames = plain("RGB", (9, 9), (10, 20, 30)), plain("RGB", (9, 9), (200, 100, 0))
    animation = replace(of(frames[0]), frames=frames, durations=(40, 50))
    result = Blur(sigma=3).apply(animation)
    assert [frame.getpixel((4, 4)) for frame in result.frames] == [(10, 20, 30), (200, 100, 0)]
    assert result.durations == (40, 50)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1)])
@pytest.mark.parametrize("sigma", [0.3, 1000])
def test_pictures_smaller_than_sigma_are_fine(size: tuple[int, int], sigma: float) -> None:
    assert blurred(plain("RGB", size, (9, 8, 7)), sigma).getpixel((0, 0)) == (9, 8, 7)


def test_grey_and_cmyk_are_blurred_as_rgb() -> None:
    grey = Picture((plain("L", (8, 8), 99),), (0, 0, 8, 8), (8, 8))
    assert Blur(sigma=1).apply(grey).image.getpixel((4, 4)) == (99, 99, 99)


@pytest.mark.parametrize("wrong", [{}, {"sigma": 0.29}, {"sigma": 1000.1}, {"sigma": "2"}, {"sigma": 1, "radius": 2}])
def test_wrong_parameters_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Blur.model_validate(wrong)
