"""Every profile ends in sRGB; what is expected is computed from the matrices, not by a colour library."""

import io

import pytest
from PIL import Image, ImageCms

from .conftest import Darkroom, spec
from .pictures import plain, saved
from .profiles import (
    P3,
    SRGB,
    SWAPPED,
    cmyk_profile,
    grey_in_srgb,
    grey_profile,
    in_srgb,
    lightness_in_srgb,
    rgb_profile,
)

SWATCHES = [(200, 30, 40), (40, 180, 60), (60, 70, 200), (128, 128, 128), (20, 20, 20), (230, 220, 90)]


def swatch(darkroom: Darkroom, image: Image.Image, pillow_format: str = "PNG", **options: object) -> tuple[int, ...]:
    """The middle of the picture as it comes out; AVIF and JPEG inputs are of one colour, so nothing blurs."""
    output = darkroom.picture(saved(image, pillow_format, **options), quality=100)
    return output.getpixel((output.width // 2, output.height // 2))


@pytest.mark.parametrize("colour", SWATCHES)
@pytest.mark.parametrize("matrix", [P3, SWAPPED, SRGB], ids=["P3", "swapped primaries", "sRGB primaries"])
@pytest.mark.parametrize("gamma", [1.8, 2.2])
def test_colours_are_converted_by_the_profile(darkroom: Darkroom, near, colour, matrix, gamma: float) -> None:
    actual = swatch(darkroom, plain(colour=colour), icc_profile=rgb_profile(matrix, gamma))
    assert near(actual, in_srgb(colour, matrix, gamma), 5), (actual, in_srgb(colour, matrix, gamma))


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_a_profile_counts_in_every_format(darkroom: Darkroom, near, pillow_format: str) -> None:
    options = {"quality": 100, "subsampling": "4:4:4"} if pillow_format in ("JPEG", "AVIF") else {}
    options |= {"lossless": True} if pillow_format == "WEBP" else {}
    profile = rgb_profile(SWAPPED, 2.2)
    actual = swatch(darkroom, plain(colour=(200, 30, 40)), pillow_format, icc_profile=profile, **options)
    assert near(actual, in_srgb((200, 30, 40), SWAPPED, 2.2), 6)


def test_a_profile_counts_for_palettes(darkroom: Darkroom, near) -> None:
    image = plain(colour=(200, 30, 40)).quantize(4)
    assert near(swatch(darkroom, image, icc_profile=rgb_profile(SWAPPED, 2.2)), in_srgb((200, 30, 40), SWAPPED, 2.2))


def test_an_srgb_profile_changes_nothing(darkroom: Darkroom) -> None:
    image = Image.effect_noise((40, 30), 60).convert("RGB")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    untagged = darkroom.render(saved(image, "PNG")).files[0].path.read_bytes()
    assert darkroom.render(saved(image, "PNG", icc_profile=profile)).files[0].path.read_bytes() == untagged


def test_a_profile_that_is_srgb_but_for_rounding_changes_nothing(darkroom: Darkroom) -> None:
    """By its effect, whatever it is called: this one is 1 % off in one primary, which is one or two levels."""
    image = Image.effect_noise((40, 30), 60).convert("RGB")
    rounded = tuple((red * 1.01, green, blue) for red, green, blue in SRGB)
    untagged = darkroom.render(saved(image, "PNG")).files[0].path.read_bytes()
    tagged = saved(image, "PNG", icc_profile=rgb_profile(rounded, None))
    assert darkroom.render(tagged).files[0].path.read_bytes() == untagged


@pytest.mark.parametrize("level", [10, 64, 128, 200, 255])
def test_grey_is_converted_by_its_gamma(darkroom: Darkroom, near, level: int) -> None:
    actual = swatch(darkroom, plain("L", colour=level), icc_profile=grey_profile(1.0))
    assert near(actual, (grey_in_srgb(level, 1.0),) * 3, 3)


def test_grey_with_alpha_is_converted_and_keeps_its_alpha(darkroom: Darkroom, near) -> None:
    actual = swatch(darkroom, plain("LA", colour=(64, 90)), icc_profile=grey_profile(1.0))
    assert near(actual, (*[grey_in_srgb(64, 1.0)] * 3, 90), 4)


def test_alpha_is_not_touched_by_the_profile(darkroom: Darkroom) -> None:
    image = plain("RGBA", (256, 10), (200, 30, 40, 0))
    image.putalpha(Image.linear_gradient("L").rotate(90).resize((256, 10)))
    with_profile = darkroom.picture(saved(image, "PNG", icc_profile=rgb_profile(SWAPPED, 2.2)), quality=100)
    without = darkroom.picture(saved(image, "PNG"), quality=100)
    assert with_profile.getchannel("A").tobytes() == without.getchannel("A").tobytes()
    assert without.getchannel("A").getextrema() == (0, 255)


@pytest.mark.parametrize("ink", [(0, 0, 0, 0), (0, 0, 0, 128), (100, 0, 0, 0), (60, 60, 60, 60)])
@pytest.mark.parametrize("pillow_format", ["JPEG", "TIFF"])
def test_cmyk_is_converted_by_its_profile(darkroom: Darkroom, near, pillow_format: str, ink) -> None:
    *colours, black = ink
    # Between the corners of its table LittleCMS goes straight along the inks (tetrahedra), then linearly along black.
    lightness = 100 * (1 - max(colours) / 255) * (1 - black / 255)
    options = {"quality": 100} if pillow_format == "JPEG" else {}
    actual = swatch(darkroom, plain("CMYK", colour=ink), pillow_format, icc_profile=cmyk_profile(), **options)
    assert near(actual, (lightness_in_srgb(lightness),) * 3, 5), lightness_in_srgb(lightness)


@pytest.mark.parametrize("pillow_format", ["JPEG", "TIFF"])
@pytest.mark.parametrize(
    ("ink", "seen"), [((0, 0, 0, 0), (255, 255, 255)), ((255, 0, 0, 0), (0, 255, 255)), ((0, 0, 0, 255), (0, 0, 0))]
)
def test_cmyk_without_a_profile_is_its_complement(darkroom: Darkroom, near, pillow_format: str, ink, seen) -> None:
    assert near(swatch(darkroom, plain("CMYK", colour=ink), pillow_format), seen)


def test_ycck_is_read_as_adobe_writes_it(darkroom: Darkroom, near) -> None:
    """libjpeg turns the Y, Cb, Cr of a YCCK file into 255 - RGB, and Adobe stores all four inks inverted."""
    wanted = (200, 80, 40)
    y, cb, cr = Image.new("RGB", (1, 1), wanted).convert("YCbCr").getpixel((0, 0))
    # Pillow writes no YCCK, but it inverts any four channels into the file; then only the marker has to be changed.
    # So C, M, Y = 255 - (255 - RGB) = RGB, and ink takes away from white: what is seen is 255 - RGB.
    data = saved(plain("CMYK", (40, 32), (255 - y, 255 - cb, 255 - cr, 0)), "JPEG", quality=100)
    transform_at = data.index(b"Adobe") + 11
    data = data[:transform_at] + b"\x02" + data[transform_at + 1 :]
    with Image.open(io.BytesIO(data)) as image:
        assert (image.mode, image.info["adobe_transform"]) == ("CMYK", 2)
    assert near(darkroom.picture(data).getpixel((20, 16)), tuple(255 - channel for channel in wanted))


@pytest.mark.parametrize("lightness", [0, 30, 53, 100])
def test_lab_is_converted(darkroom: Darkroom, near, lightness: int) -> None:
    actual = swatch(darkroom, plain("LAB", colour=(round(lightness * 2.55), 128, 128)), "TIFF")
    assert near(actual, (lightness_in_srgb(lightness),) * 3, 3)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "LA", "RGBA", "P"])
@pytest.mark.parametrize("profile", ["grey", "cmyk", "rgb", "broken", "cut", "empty tags"])
def test_no_profile_makes_a_picture_fail(darkroom: Darkroom, mode: str, profile: str) -> None:
    blocks = {
        "grey": grey_profile(2.2),
        "cmyk": cmyk_profile(),
        "rgb": rgb_profile(P3, 2.2),
        "broken": b"not a profile at all" * 20,
        "cut": rgb_profile(P3, 2.2)[:200],
        "empty tags": rgb_profile(P3, 2.2)[:128] + b"\0" * 300,
    }
    pillow_format = "TIFF" if mode == "CMYK" else "PNG"
    darkroom.render(saved(plain(mode), pillow_format, icc_profile=blocks[profile]))


@pytest.mark.parametrize(
    ("mode", "colour", "profile"),
    [
        ("RGB", (200, 30, 40), grey_profile(1.0)),
        ("RGB", (200, 30, 40), cmyk_profile()),
        ("RGB", (9, 9, 200), b"x" * 99),
    ],
    ids=["grey profile", "CMYK profile", "broken profile"],
)
def test_a_profile_of_another_kind_is_taken_as_none(darkroom: Darkroom, near, mode, colour, profile: bytes) -> None:
    assert near(swatch(darkroom, plain(mode, colour=colour), icc_profile=profile), colour, 4)


def test_grey_with_an_rgb_profile_is_grey_in_that_profile(darkroom: Darkroom, near) -> None:
    actual = swatch(darkroom, plain("L", colour=100), icc_profile=rgb_profile(SRGB, 1.0))
    assert near(actual, in_srgb((100, 100, 100), SRGB, 1.0), 3)


def test_all_outputs_of_a_tagged_file_are_converted_once(darkroom: Darkroom, near) -> None:
    data = saved(plain(size=(400, 300), colour=(200, 30, 40)), "PNG", icc_profile=rgb_profile(SWAPPED, 2.2))
    rendering = darkroom.render(data, [spec(width, "webp", 95) for width in (400, 200, 50)])
    for file in rendering.files:
        with Image.open(file.path) as image:
            assert near(image.getpixel((5, 5)), in_srgb((200, 30, 40), SWAPPED, 2.2), 5)
