"""`sharpen`: an unsharp mask on the lightness."""

from dataclasses import replace

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from pydantic import ValidationError

from app.imaging.operations.sharpen import Sharpen
from app.imaging.picture import Picture, of

from .pictures import gradient, noise, plain


def sharpened(image: Image.Image, **parameters: object) -> Image.Image:
    return Sharpen.model_validate(parameters).apply(of(image)).image


@pytest.mark.parametrize("threshold", [0, 1, 60])
def test_greys_are_sharpened_by_the_difference_to_their_blur(threshold: int) -> None:
    """grey + amount × (grey − blur), cut off at black and white, where that is over the threshold; Pillow's blur."""
    grey = noise((40, 30)).convert("L")
    blur = grey.filter(ImageFilter.GaussianBlur(2)).tobytes()
    expected = [
        min(255, max(0, here + (1 if here > soft else -1) * int(1.5 * abs(here - soft) + 0.5)))
        if abs(here - soft) > threshold
        else here
        for here, soft in zip(grey.tobytes(), blur, strict=True)
    ]
    result = sharpened(grey.convert("RGB"), sigma=2, amount=1.5, threshold=threshold)
    assert list(result.getchannel("R").tobytes()) == expected
    assert result.getchannel("R").tobytes() == result.getchannel("G").tobytes() == result.getchannel("B").tobytes()


def test_no_coloured_fringes_red_green_and_blue_shift_alike() -> None:
    """Channel by channel, the red of an orange next to grey would move on its own."""
    image = plain("RGB", (40, 4), (120, 120, 120))
    image.paste((180, 130, 60), (20, 0, 40, 4))
    result = sharpened(image, sigma=2, amount=1)
    shifts = set()
    for x in range(40):
        before, after = image.getpixel((x, 2)), result.getpixel((x, 2))
        (shift,) = {b - a for a, b in zip(before, after, strict=True)}
        shifts.add(shift)
    assert min(shifts) < 0 < max(shifts)


def test_colours_of_one_lightness_have_no_edge_between_them() -> None:
    """0.2126 × 200 = 42.5 = 0.7152 × 59.5: this red and this green are equally light."""
    image = plain("RGB", (20, 4), (200, 0, 0))
    image.paste((0, 59, 5), (10, 0, 20, 4))
    assert sharpened(image, sigma=2, amount=3).tobytes() == image.tobytes()


@pytest.mark.parametrize("parameters", [{"amount": 0}, {"threshold": 255}])
def test_nothing_added_is_nothing_changed(parameters: dict[str, object]) -> None:
    image = noise((30, 20))
    assert sharpened(image, **parameters).tobytes() == image.tobytes()


def test_differences_up_to_the_threshold_stay() -> None:
    """Blurring moves no pixel of 100 beside 110 by more than 10."""
    image = plain("RGB", (30, 4), (100, 100, 100))
    image.paste((110, 110, 110), (10, 0, 30, 4))
    image.paste((250, 250, 250), (20, 0, 30, 4))
    result = sharpened(image, sigma=1, amount=1, threshold=10)
    changed = [x for x in range(30) if result.getpixel((x, 2)) != image.getpixel((x, 2))]
    assert changed
    assert all(abs(x - 19.5) < 4 for x in changed)


def test_a_smooth_picture_stays_smooth() -> None:
    image = gradient((160, 120))
    assert max(ImageChops.difference(sharpened(image, sigma=1), image).tobytes()) <= 8


def test_alpha_stays_and_the_hidden_colours_make_no_edge() -> None:
    """A grey disc with a soft edge on transparent black: seen on black and on white, it is as it was."""
    mask = Image.new("L", (80, 80))
    ImageDraw.Draw(mask).ellipse((20, 20, 59, 59), fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(2))
    image = plain("RGB", (80, 80), (160, 160, 160))
    image.putalpha(mask)
    image = image.convert("RGBa").convert("RGBA")
    image.paste((0, 0, 0, 0), mask=mask.point(lambda alpha: 255 if alpha == 0 else 0))
    result = sharpened(image, sigma=3, amount=1)
    assert result.getchannel("A").tobytes() == mask.tobytes()
    for ground in ("black", "white"):
        before, after = (Image.new("RGB", (80, 80), ground) for _ in range(2))
        before.paste(image, mask=mask)
        after.paste(result, mask=mask)
        assert max(ImageChops.difference(before, after).tobytes()) <= 3


def test_every_frame_keeps_its_own_lightness() -> None:
    frames = plain("RGB", (9, 9), (10, 20, 30)), plain("RGBA", (9, 9), (200, 100, 0, 90))
    result = Sharpen(amount=10).apply(replace(of(frames[0]), frames=frames, durations=(40, 50)))
    assert [frame.tobytes() for frame in result.frames] == [frame.tobytes() for frame in frames]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_pictures_of_one_pixel_across_are_fine(size: tuple[int, int]) -> None:
    assert sharpened(plain("RGB", size, (9, 8, 7)), amount=10, sigma=10).getpixel((0, 0)) == (9, 8, 7)


def test_grey_pictures_are_sharpened_as_rgb() -> None:
    grey = Picture((plain("L", (8, 8), 99),), (0, 0, 8, 8), (8, 8))
    assert Sharpen().apply(grey).image.getpixel((4, 4)) == (99, 99, 99)


@pytest.mark.parametrize(
    "wrong", [{"sigma": 0.2}, {"sigma": 11}, {"amount": -1}, {"amount": 11}, {"threshold": 256}, {"threshold": 2.5}]
)
def test_wrong_parameters_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Sharpen.model_validate(wrong)
