"""`pixelate`: means of squares, of all or of parts; nothing of a part stays readable."""

from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, ImageChops
from pydantic import ValidationError

from app.errors import UnsuitableImage
from app.imaging.condition import Traits
from app.imaging.graph import Graph, Step
from app.imaging.operations.pixelate import Pixelate
from app.imaging.picture import Picture, of

from .pictures import noise, plain


def pixelated(image: Image.Image, size: int, **more: Any) -> Image.Image:
    return Pixelate(size=size, **more).apply(of(image)).image


def region(left: float, top: float, width: float, height: float) -> dict[str, float]:
    return {"left": left, "top": top, "width": width, "height": height}


def mean(image: Image.Image, box: tuple[int, int, int, int]) -> tuple[float, ...]:
    part = image.crop(box)
    return tuple(sum(band.tobytes()) / (part.width * part.height) for band in part.split())


@pytest.mark.parametrize("size", [2, 7, 16, 50, 4096])
@pytest.mark.parametrize("shape", [(64, 48), (61, 1), (1, 61), (1, 1), (16, 32)])
def test_every_square_has_the_mean_of_its_pixels_also_where_it_is_cut(size: int, shape: tuple[int, int]) -> None:
    image = noise(shape)
    result = pixelated(image, size)
    assert result.size == image.size
    for left in range(0, shape[0], size):
        for top in range(0, shape[1], size):
            box = left, top, min(left + size, shape[0]), min(top + size, shape[1])
            (colour,) = {colour for _, colour in result.crop(box).getcolors(100_000)}
            assert colour == pytest.approx(mean(image, box), abs=1)


def test_white_stays_white_in_squares_of_a_thousand_pixels() -> None:
    assert pixelated(plain("RGB", (1100, 1010), (255, 255, 255)), 1000).getextrema() == ((255, 255),) * 3


def test_colours_are_weighed_by_their_alpha() -> None:
    """One of four pixels is red and opaque, three are transparent black: a quarter as opaque, and as red."""
    image = plain("RGBA", (2, 2), (0, 0, 0, 0))
    image.putpixel((1, 0), (255, 0, 0, 255))
    red, green, blue, alpha = pixelated(image, 2).getpixel((0, 0))
    assert (red, green, blue) == (255, 0, 0)
    assert alpha == pytest.approx(255 / 4, abs=1)


def test_only_the_regions_are_changed() -> None:
    image = noise((60, 40))
    result = pixelated(image, 4, regions=[region(10, 5, 8, 8), region(50, 30, 10, 10)])
    changed = ImageChops.difference(image, result)
    inside = Image.new("L", image.size)
    inside.paste(255, (10, 5, 18, 13))
    inside.paste(255, (50, 30, 60, 40))
    assert not any(ImageChops.subtract(changed, Image.merge("RGB", (inside,) * 3)).tobytes())
    assert result.getpixel((10, 5)) == pytest.approx(mean(image, (10, 5, 14, 9)), abs=1)
    assert result.getpixel((17, 12)) == pytest.approx(mean(image, (14, 9, 18, 13)), abs=1)


def test_fractions_are_rounded_outwards() -> None:
    """0.26 to 0.51 of 10 pixels is 2.6 to 5.1: the pixels 2 to 5, in one square from there."""
    image = noise((10, 10))
    result = pixelated(image, 4, unit="fraction", regions=[region(0.26, 0.26, 0.25, 0.25)])
    assert {colour for _, colour in result.crop((2, 2, 6, 6)).getcolors()} == {result.getpixel((2, 2))}
    assert result.getpixel((2, 2)) == pytest.approx(mean(image, (2, 2, 6, 6)), abs=1)
    assert result.getpixel((1, 1)) == image.getpixel((1, 1))
    assert result.getpixel((6, 6)) == image.getpixel((6, 6))


@pytest.mark.parametrize("width", [3, 7, 10, 700, 1234])
def test_fractions_of_the_whole_are_the_whole(width: int) -> None:
    """0.1 + 0.2 + … does not add up in binary; the last column must still be covered."""
    pixelate = Pixelate(size=4096, unit="fraction", regions=[region(0.1, 0, 0.9, 1), region(0, 0, 0.1, 1)])
    image = plain("RGB", (width, 1), (1, 2, 3))
    image.paste((90, 90, 90), (width - 1, 0, width, 1))
    assert pixelate.apply(of(image)).image.getpixel((width - 1, 0)) != (90, 90, 90)


def test_what_stands_out_of_the_picture_is_cut_off() -> None:
    image = noise((20, 20))
    result = pixelated(image, 50, regions=[region(15, 10, 500, 500)])
    assert {colour for _, colour in result.crop((15, 10, 20, 20)).getcolors()} == {result.getpixel((15, 10))}
    assert result.crop((0, 0, 15, 20)).tobytes() == image.crop((0, 0, 15, 20)).tobytes()


@pytest.mark.parametrize("outside", [region(20, 0, 5, 5), region(0, 20, 5, 5)])
def test_a_region_outside_is_refused_before_anything_is_decoded(outside: dict[str, float]) -> None:
    """A face that is not where the recipe looks for it must not pass unnoticed."""
    pixelate = Pixelate(size=4, regions=[region(0, 0, 5, 5), outside])
    graph = Graph([Step("faces", pixelate, "source")])
    with pytest.raises(UnsuitableImage, match=r"Region 1 .* only 20 × 20 pixels"):
        graph.sizes(Traits((20, 20), "image/png", 1, alpha=False))


def test_every_frame_is_pixelated_in_the_same_place() -> None:
    frames = noise((20, 20)), noise((20, 20)).transpose(Image.Transpose.ROTATE_90)
    animation = replace(of(frames[0]), frames=frames, durations=(40, 50))
    result = Pixelate(size=10, regions=[region(5, 5, 10, 10)]).apply(animation)
    for before, after in zip(frames, result.frames, strict=True):
        assert after.getpixel((14, 14)) == pytest.approx(mean(before, (5, 5, 15, 15)), abs=1)
        assert after.getpixel((4, 4)) == before.getpixel((4, 4))


def test_the_frames_of_the_source_are_left_as_they_are() -> None:
    image = noise((20, 20))
    before = image.tobytes()
    pixelated(image, 4, regions=[region(0, 0, 20, 20)])
    assert image.tobytes() == before


def test_grey_pictures_are_pixelated_as_rgb() -> None:
    grey = Picture((plain("L", (8, 8), 99),), (0, 0, 8, 8), (8, 8))
    assert Pixelate(size=3).apply(grey).image.getpixel((7, 7)) == (99, 99, 99)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "size"),
        ({"size": 1}, "size"),
        ({"size": 4097}, "size"),
        ({"size": 4, "regions": []}, "regions"),
        ({"size": 4, "regions": [region(0, 0, 1, 0)]}, "height"),
        ({"size": 4, "regions": [region(-1, 0, 5, 5)]}, "left"),
        ({"size": 4, "regions": [region(0, 0, 1, 1) | {"right": 5}]}, "right"),
        ({"size": 4, "regions": [region(0.2, 0.2, 0.5, 0.5)]}, "need unit: fraction"),
        ({"size": 4, "unit": "fraction"}, "there are none"),
        ({"size": 4, "unit": "fraction", "regions": [region(0.5, 0, 0.6, 1)]}, "1 is the edge"),
        ({"size": 4, "unit": "fraction", "regions": [region(0, 10, 50, 50)]}, "1 is the edge"),
    ],
)
def test_wrong_parameters_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Pixelate.model_validate(wrong)
