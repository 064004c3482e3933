"""Profiles against LittleCMS with 16 bits a channel, by way of libvips: from a file's profile to sRGB or Display P3."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.imaging.operations.colorspace import Colorspace
from app.imaging.operations.resize import Resize
from tests.imaging.profiles import P3, Matrix, cmyk_profile, grey_profile, rgb_profile

from .judge import UNBOUNDED, Array, Asked, Judge
from .measures import ciede2000, lab
from .ours import made

# Rows X, Y, Z; columns red, green, blue; adapted to D50 by Bradford (brucelindbloom.com, "RGB/XYZ Matrices").
ADOBE: Matrix = (
    (0.6097559, 0.2052401, 0.1492240), (0.3111242, 0.6256560, 0.0632197), (0.0194811, 0.0608902, 0.7448387),
)  # fmt: skip
PROPHOTO: Matrix = (
    (0.7976749, 0.1351917, 0.0313534), (0.2880402, 0.7118741, 0.0000857), (0.0, 0.0, 0.8252100),
)  # fmt: skip
PROFILES = {
    "Display P3": rgb_profile(P3, None),
    "Adobe RGB": rgb_profile(ADOBE, 563 / 256),
    "ProPhoto RGB": rgb_profile(PROPHOTO, 1.8),
    "linear": rgb_profile(P3, 1.0),
}
MEAN = 1.0
MOST = 2.0
"""8 bits alone are 0.1 in the mean and 0.8 at most: dark levels are far apart."""
DISPLAY_P3 = Path(__file__).parents[2] / "app" / "imaging" / "display-p3.icc"


def steps(channels: int, count: int) -> Array:
    """As many levels of each channel, all combinations."""
    levels = np.round(np.linspace(0, 255, count))
    colours = np.stack(np.meshgrid(*[levels] * channels), axis=-1).astype(np.uint8)
    return colours.reshape(-1, count, channels)


def file(mode: str, pixels: Array, profile: bytes) -> bytes:
    buffer = io.BytesIO()
    image = Image.frombytes(mode, pixels.shape[1::-1], pixels.tobytes())
    image.save(buffer, "TIFF", icc_profile=profile)
    return buffer.getvalue()


def by_littlecms(judge: Judge, content: bytes, target: str = "srgb") -> Array:
    """Levels of 255, with fractions."""
    return judge.pixels(in_space(judge.file(content), target)) / 257


def in_space(asked: Asked, target: str) -> Asked:
    return asked.icc_transform(target, embedded=True, intent="relative", black_point_compensation=True, depth=16)


def assert_same(ours: Array, theirs: Array) -> None:
    off = ciede2000(lab(ours), lab(theirs))
    assert off.mean() < MEAN
    assert off.max() < MOST


@pytest.mark.parametrize("profile", PROFILES)
def test_every_colour_of_a_profile_is_that_of_littlecms(judge: Judge, profile: str) -> None:
    content = file("RGB", steps(3, 17), PROFILES[profile])
    assert_same(made(content), by_littlecms(judge, content))


@pytest.mark.parametrize("profile", PROFILES)
def test_every_colour_brought_to_display_p3_is_that_of_littlecms(judge: Judge, profile: str) -> None:
    content = file("RGB", steps(3, 17), PROFILES[profile])
    assert_same(made(content, Colorspace(to="display-p3")), by_littlecms(judge, content, str(DISPLAY_P3)))


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2, 2.6])
def test_every_grey_of_a_profile_is_that_of_littlecms(judge: Judge, gamma: float) -> None:
    content = file("L", steps(1, 256), grey_profile(gamma))
    assert_same(made(content), by_littlecms(judge, content))


def test_every_mixture_of_neutral_inks_is_that_of_littlecms(judge: Judge) -> None:
    content = file("CMYK", steps(4, 9), cmyk_profile())
    assert_same(made(content), by_littlecms(judge, content))


def test_every_mixture_of_a_press_is_that_of_littlecms(judge: Judge) -> None:
    """The profile is the one for CMYK that libvips brings along: a real press, whose black is not that of sRGB."""
    tagged = judge.saved(in_space(judge.file(file("RGB", steps(3, 2), rgb_profile(P3, 1.0))), "cmyk"), "tif")
    with Image.open(io.BytesIO(tagged)) as image:
        profile = image.info["icc_profile"]
    content = file("CMYK", steps(4, 9), profile)
    assert_same(made(content), by_littlecms(judge, content))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_photograph_is_converted_alike_after_it_is_resized(
    judge: Judge, photographs: list[Path], profile: str
) -> None:
    """We convert the few pixels that are left; the judge converts all of them, and resizes then."""
    small = judge.pixels(judge.file(photographs[0]).thumbnail_image(1000, height=UNBOUNDED))
    content = file("RGB", small, PROFILES[profile])
    theirs = judge.pixels(in_space(judge.file(content), "srgb").resize(0.3)) / 257
    assert ciede2000(lab(made(content, Resize(width=300))), lab(theirs)).mean() < MEAN
