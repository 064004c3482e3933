"""`grayscale` and `tint`: one hue, or none."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageCms
from pydantic import ValidationError

from app.imaging import cie
from app.imaging.colours import icc_profile
from app.imaging.operations.grayscale import Grayscale
from app.imaging.operations.tint import Tint
from app.imaging.picture import Picture, of

from .pictures import plain


def grey_of(colour: tuple[int, ...]) -> tuple[int, ...]:
    return Grayscale().apply(of(plain("RGB" if len(colour) == 3 else "RGBA", (3, 2), colour))).image.getpixel((1, 1))


def tinted(colour: tuple[int, ...], color: str) -> tuple[int, ...]:
    image = plain("RGB" if len(colour) == 3 else "RGBA", (3, 2), colour)
    return Tint(color=color).apply(of(image)).image.getpixel((1, 1))


@pytest.mark.parametrize(
    ("colour", "grey"),
    [
        ((255, 0, 0), 54),  # 0.2126 · 255 = 54.2
        ((0, 255, 0), 182),  # 0.7152 · 255 = 182.4
        ((0, 0, 255), 18),  # 0.0722 · 255 = 18.4
        ((100, 40, 200), 64),  # 21.26 + 28.608 + 14.44 = 64.3
    ],
)
def test_grey_is_the_weighted_sum_of_css(colour: tuple[int, ...], grey: int) -> None:
    assert grey_of(colour) == (grey, grey, grey)


def test_greys_stay_what_they_are() -> None:
    image = Image.linear_gradient("L").convert("RGB")
    assert Grayscale().apply(of(image)).image.tobytes() == image.tobytes()


def test_the_result_is_rgb_or_rgba_and_alpha_stays() -> None:
    assert grey_of((255, 0, 0, 77)) == (54, 54, 54, 77)
    grey = Picture((plain("L", (1, 9), 99),), (0, 0, 1, 9), (1, 9))
    assert Grayscale().apply(grey).image.getpixel((0, 8)) == (99, 99, 99)


def test_display_p3_has_weights_of_its_own() -> None:
    """0.2290 · 255 = 58.4."""
    picture = replace(of(plain("RGB", (2, 2), (255, 0, 0))), space="display-p3")
    assert Grayscale().apply(picture).image.getpixel((0, 0)) == (58, 58, 58)


def test_every_frame_becomes_grey() -> None:
    frames = plain("RGB", (2, 2), (255, 0, 0)), plain("RGBA", (2, 2), (0, 255, 0, 9))
    result = Grayscale().apply(replace(of(frames[0]), frames=frames, durations=(40, 50)))
    assert [frame.getpixel((0, 0)) for frame in result.frames] == [(54, 54, 54), (182, 182, 182, 9)]


@pytest.mark.parametrize("color", ["#ff9a00", "#0000ff", "red", "#00ff00"])
def test_black_and_white_stay(color: str) -> None:
    assert tinted((0, 0, 0), color) == (0, 0, 0)
    assert tinted((255, 255, 255), color) == (255, 255, 255)


@pytest.mark.parametrize("color", ["black", "#808080", "white"])
@pytest.mark.parametrize("grey", [0, 40, 128, 200, 255])
def test_a_tint_without_a_hue_is_grayscale(color: str, grey: int) -> None:
    assert tinted((grey, grey, grey), color) == (grey, grey, grey)


def lab_of(colour: tuple[int, ...], profile: ImageCms.ImageCmsProfile | None = None) -> tuple[float, float, float]:
    """By LittleCMS, relative to the white; 8 bits of L*, a* and b*."""
    space = profile or ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(space, ImageCms.createProfile("LAB"), "RGB", "LAB")
    lightness, a, b = transform.apply(plain("RGB", (1, 1), colour)).getpixel((0, 0))
    return lightness * 100 / 255, a - 128, b - 128


@pytest.mark.parametrize("color", ["#c08040", "#4a90a0", "#a05070"])
@pytest.mark.parametrize("colour", [(119, 119, 119), (60, 60, 60), (200, 200, 200), (180, 90, 120)])
def test_lightness_stays_and_the_chroma_is_that_of_the_colour(colour: tuple[int, ...], color: str) -> None:
    """Checked by LittleCMS, whose L*a*b* is of D50; that moves these a* and b* by less than 5."""
    shade = tinted(colour, color)
    (grey, _, _) = grey_of(colour)
    lightness, a, b = lab_of(shade)
    expected, _, _ = lab_of((grey, grey, grey))
    assert lightness == pytest.approx(expected, abs=2)
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    _, full_a, full_b = lab_of((red, green, blue))
    room = 1 - 4 * (expected / 100 - 0.5) ** 2
    assert (a, b) == pytest.approx((full_a * room, full_b * room), abs=5)


def test_a_tint_keeps_alpha_and_ignores_its_own() -> None:
    assert tinted((119, 119, 119, 30), "#c0804000") == (*tinted((119, 119, 119), "#c08040"), 30)


def test_a_tint_of_a_display_p3_picture_is_the_same_colour() -> None:
    picture = replace(of(plain("RGB", (2, 2), (119, 119, 119))), space="display-p3")
    wide = Tint(color="#c08040").apply(picture).image.getpixel((0, 0))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile("display-p3") or b""))
    narrow = tinted((119, 119, 119), "#c08040")
    assert wide != narrow
    assert lab_of(wide, profile) == pytest.approx(lab_of(narrow), abs=1.5)


def test_every_frame_is_tinted() -> None:
    frames = plain("RGB", (2, 2), (119, 119, 119)), plain("RGBA", (2, 2), (255, 255, 255, 9))
    result = Tint(color="#c08040").apply(replace(of(frames[0]), frames=frames, durations=(40, 50)))
    assert [frame.getpixel((0, 0)) for frame in result.frames] == [
        tinted((119, 119, 119), "#c08040"),
        (255, 255, 255, 9),
    ]


@pytest.mark.parametrize("wrong", [{}, {"color": "reddish"}, {"color": "#12"}, {"color": 5}, {"colour": "red"}])
def test_wrong_parameters_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Tint.model_validate(wrong)


@pytest.mark.parametrize(
    ("colour", "expected"),
    [
        # http://www.brucelindbloom.com/index.html?ColorCalculator.html, sRGB and D65
        ((255, 255, 255), (100, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.74, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_cielab_is_that_of_the_reference(colour: tuple[int, int, int], expected: tuple[float, ...]) -> None:
    assert cie.lab(colour) == pytest.approx(expected, abs=0.03)
    assert cie.encoded(cie.lab(colour), "srgb") == colour
