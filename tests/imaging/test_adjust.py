"""`adjust`: the formulas of CSS, with results computed by hand."""

from dataclasses import replace

import pytest
from PIL import Image
from pydantic import ValidationError

from app.imaging.operations.adjust import Adjust
from app.imaging.picture import Picture, of

from .pictures import noise, plain


def adjusted(colour: tuple[int, ...], **parameters: float) -> tuple[int, ...]:
    image = plain("RGB" if len(colour) == 3 else "RGBA", (3, 2), colour)
    return Adjust(**parameters).apply(of(image)).image.getpixel((1, 1))


@pytest.mark.parametrize(
    ("brightness", "expected"),
    [(0, (0, 0, 0)), (0.5, (50, 20, 100)), (1, (100, 40, 200)), (1.2, (120, 48, 240)), (2, (200, 80, 255))],
)
def test_brightness_multiplies(brightness: float, expected: tuple[int, ...]) -> None:
    assert adjusted((100, 40, 200), brightness=brightness) == expected


@pytest.mark.parametrize(
    ("contrast", "expected"),
    [
        (0, (128, 128, 128)),  # 127.5, rounded up
        (0.5, (114, 84, 164)),  # 100/2 + 63.75 = 113.75; 40/2 + 63.75 = 83.75; 200/2 + 63.75 = 163.75
        (1, (100, 40, 200)),
        (2, (73, 0, 255)),  # 2 · 100 − 127.5 = 72.5; 2 · 40 − 127.5 < 0; 2 · 200 − 127.5 = 272.5
    ],
)
def test_contrast_multiplies_the_distance_to_middle_grey(contrast: float, expected: tuple[int, ...]) -> None:
    assert adjusted((100, 40, 200), contrast=contrast) == expected


@pytest.mark.parametrize(
    ("saturation", "expected"),
    [
        # 0.213 · 100 + 0.715 · 40 + 0.072 · 200 = 64.3
        (0, (64, 64, 64)),
        # halfway: (100 + 64.3)/2 = 82.15; (40 + 64.3)/2 = 52.15; (200 + 64.3)/2 = 132.15
        (0.5, (82, 52, 132)),
        # away from it: 2 · 100 − 64.3 = 135.7; 2 · 40 − 64.3 = 15.7; 2 · 200 − 64.3 > 255
        (2, (136, 16, 255)),
    ],
)
def test_saturation_moves_away_from_the_weighted_grey(saturation: float, expected: tuple[int, ...]) -> None:
    assert adjusted((100, 40, 200), saturation=saturation) == expected


@pytest.mark.parametrize(
    ("gamma", "expected"),
    [
        (2, (0, 128, 255)),  # 255 · √(64/255) = 127.7
        (0.5, (0, 16, 255)),  # 255 · (64/255)² = 16.06
    ],
)
def test_gamma_keeps_black_and_white(gamma: float, expected: tuple[int, ...]) -> None:
    assert adjusted((0, 64, 255), gamma=gamma) == expected


def test_each_is_cut_off_before_the_next_as_in_css() -> None:
    """Brightness makes white of 200, so that contrast sees 255: 0.5 · 255 + 63.75 = 191.25, not 0.5 · 400 + 63.75."""
    assert adjusted((200, 200, 200), brightness=2, contrast=0.5) == (191, 191, 191)


def test_brightness_comes_before_contrast() -> None:
    """(0.5 · 100) · 2 − 127.5 < 0; the other way round it would be 0.5 · 72.5 = 36."""
    assert adjusted((100, 100, 100), brightness=0.5, contrast=2) == (0, 0, 0)


def test_contrast_comes_before_saturation() -> None:
    """2 · (100, 40, 200) − 127.5 = (72.5, 0, 255), whose grey is 0.213 · 72.5 + 0.072 · 255 = 33.8.

    The other way round, the grey 64.3 would become 1.1.
    """
    assert adjusted((100, 40, 200), contrast=2, saturation=0) == (34, 34, 34)


def test_saturation_comes_before_gamma() -> None:
    """The grey 64.3 becomes 255 · √(64.3/255) = 128.

    The other way round it would be 0.213 · 159.7 + 0.715 · 101 + 0.072 · 225.8 = 122.5.
    """
    grey, *_ = adjusted((100, 40, 200), saturation=0, gamma=2)
    assert grey == pytest.approx(128, abs=1)


def test_ones_change_nothing_and_cost_nothing() -> None:
    picture = of(noise((8, 8)))
    assert Adjust().apply(picture) is picture


def test_alpha_stays_and_colours_are_not_premultiplied() -> None:
    assert adjusted((100, 40, 200, 50), brightness=0.5) == (50, 20, 100, 50)
    assert adjusted((100, 40, 200, 50), saturation=0) == (64, 64, 64, 50)


def test_every_frame_is_adjusted_alike() -> None:
    frames = plain("RGB", (2, 2), (10, 20, 30)), plain("RGBA", (2, 2), (200, 100, 0, 9))
    result = Adjust(brightness=0.5).apply(replace(of(frames[0]), frames=frames, durations=(40, 50)))
    assert [frame.getpixel((0, 0)) for frame in result.frames] == [(5, 10, 15), (100, 50, 0, 9)]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_grey_and_elongated_pictures_are_fine(size: tuple[int, int]) -> None:
    grey = Picture((Image.new("L", size, 100),), (0, 0, *size), size)
    result = Adjust(contrast=2, saturation=3).apply(grey)
    assert result.image.getpixel((0, 0)) == (73, 73, 73)
    assert result.size == size


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "gamma"])
@pytest.mark.parametrize("value", [-0.1, 10.1, "1"])
def test_values_out_of_bounds_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        Adjust.model_validate({name: value})


def test_gamma_is_never_zero() -> None:
    with pytest.raises(ValidationError, match="gamma"):
        Adjust(gamma=0.05)


@pytest.mark.parametrize("extreme", [{"gamma": 0.1}, {"gamma": 10}, {"saturation": 10}, {"contrast": 10}])
def test_extremes_stay_within_eight_bits(extreme: dict[str, float]) -> None:
    assert adjusted((255, 255, 255), **extreme) == (255, 255, 255)
    assert adjusted((0, 0, 0), **extreme) == (0, 0, 0)
