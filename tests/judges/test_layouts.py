"""Every way in which pixels are stored: what comes out is what libvips makes of the file, resized or not."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops

from app.imaging.operations.flatten import Flatten
from app.imaging.operations.resize import Resize
from app.imaging.resampling import REDUCING_GAP, SIMD
from tests.imaging.pictures import saved
from tests.imaging.profiles import P3, cmyk_profile, rgb_profile

from .judge import UNBOUNDED, Array, Asked, Judge
from .measures import ciede2000, distance, lab
from .ours import made
from .pictures import disc, png

SIZE = 240, 180
QUARTER = Resize(width=60)
GAP = 0 if SIMD else REDUCING_GAP
"""Plain Lanczos, or with what Pillow saves itself; libvips can do either."""
EXACT, ROUNDED = 0.05, 0.5
"""Levels in the mean: the same but for rounding; the same but for the filter's."""


@pytest.fixture(scope="module")
def photograph(judge: Judge, photographs: list[Path]) -> Array:
    return judge.pixels(judge.file(photographs[0]).thumbnail_image(SIZE[0], height=SIZE[1], crop="centre"))


def soft() -> Array:
    """Alpha from transparent in the middle to opaque at the corners."""
    return np.asarray(Image.radial_gradient("L").resize(SIZE))


def hard() -> Array:
    return np.where(soft() > 100, 255, 0).astype(np.uint8)


def grey(rgb: Array) -> Array:
    return np.asarray(Image.fromarray(rgb).convert("L"))


def sixteen(judge: Judge, pixels: Array, interpretation: str) -> Asked:
    """All of the 16 bits are used: every level and a rest below it that differs from pixel to pixel."""
    rest = np.arange(pixels.size, dtype=np.uint16).reshape(pixels.shape) % 255
    return judge.array(pixels.astype(np.uint16) * 256 + rest).copy(interpretation=interpretation)


@pytest.fixture(scope="module")
def layouts(judge: Judge, photograph: Array) -> dict[str, bytes]:
    """The photograph, or its alpha alone, in files; those that Pillow can not write are written by libvips."""
    rgb, plain = photograph, grey(photograph)
    rgba, la = np.dstack((rgb, soft())), np.dstack((plain, soft()))
    bits, levels = (judge.array(pixels).copy(interpretation="b-w") for pixels in (hard(), plain))
    image, palette = Image.fromarray(rgb), Image.fromarray(rgb).quantize(64)
    deep = {name: sixteen(judge, pixels, "rgb16") for name, pixels in (("RGB", rgb), ("RGBA", rgba))}
    deep |= {name: sixteen(judge, pixels, "grey16") for name, pixels in (("grey", plain), ("grey with alpha", la))}
    return {
        "RGB": png(rgb),
        "RGBA, soft": png(rgba),
        "RGBA, hard": png(np.dstack((rgb, hard()))),
        "grey": png(plain),
        "grey with alpha": png(la),
        "interlaced": judge.saved(judge.array(rgb), "png", interlace=True),
        "interlaced RGBA": judge.saved(judge.array(rgba), "png", interlace=True),
        "interlaced palette": judge.saved(judge.array(rgb), "png", interlace=True, palette=True),
        "interlaced 1 bit": judge.saved(bits, "png", interlace=True, bitdepth=1),
        "interlaced 16 bit": judge.saved(deep["RGB"], "png", interlace=True),
        **{f"16 bit {name}": judge.saved(pixels, "png") for name, pixels in deep.items()},
        "16 bit TIFF": judge.saved(deep["RGB"], "tif"),
        "1 bit": judge.saved(bits, "png", bitdepth=1),
        "2 bit": judge.saved(levels, "png", bitdepth=2),
        "4 bit": judge.saved(levels, "png", bitdepth=4),
        "1 bit TIFF": saved(Image.fromarray(hard()).convert("1"), "TIFF", compression="group4"),
        "palette": saved(palette, "PNG"),
        "palette, one colour transparent": saved(palette, "PNG", transparency=5),
        "palette, every colour translucent": saved(palette, "PNG", transparency=bytes(range(0, 256, 4))),
        "GIF, one colour transparent": saved(palette, "GIF", transparency=5),
        "WebP with alpha": saved(Image.fromarray(rgba), "WEBP", quality=90),
        "progressive JPEG": saved(image, "JPEG", progressive=True),
        "grey JPEG": saved(image.convert("L"), "JPEG"),
        "JPEG in a TIFF": saved(image, "TIFF", compression="jpeg"),
    }


def resized(asked: Asked, scale: float, *, alpha: bool) -> Asked:
    """By libvips's Lanczos, premultiplied where there is alpha, as its thumbnails are."""
    if not alpha:
        return asked.resize(scale, gap=GAP)
    return asked.premultiply().resize(scale, gap=GAP).unpremultiply().rint().cast("uchar")


def test_every_layout_is_read_as_by_libvips(judge: Judge, layouts: dict[str, bytes]) -> None:
    off = {
        layout: distance(made(content), judge.pixels(judge.file(content).colourspace("srgb")))
        for layout, content in layouts.items()
    }
    assert {layout: levels for layout, levels in off.items() if levels >= EXACT} == {}


def test_every_layout_is_resized_as_by_libvips(judge: Judge, layouts: dict[str, bytes]) -> None:
    off = {
        layout: distance(made(content, QUARTER), a_quarter(judge, layout, content))
        for layout, content in layouts.items()
    }
    assert {layout: levels for layout, levels in off.items() if levels >= ROUNDED} == {}


def a_quarter(judge: Judge, layout: str, content: bytes) -> Array:
    """Of a JPEG, what the cosine transform makes of it, in both: a block becomes 2 × 2 pixels."""
    if layout.endswith("JPEG"):
        return judge.pixels(judge.file(content, shrink=4).colourspace("srgb"))
    asked = judge.file(content).colourspace("srgb")
    return judge.pixels(resized(asked, 0.25, alpha=judge.pixels(asked).shape[2] == 4))


def test_a_red_disc_on_nothing_has_no_dark_fringe(judge: Judge) -> None:
    """Transparent black around it, which must not be mixed in: red stays red, wherever there is any."""
    alpha = disc((240, 180), (120, 90), 60)[:, :, 0]
    alpha = np.where(alpha > 127, 255, 0).astype(np.uint8)
    pixels = np.zeros((180, 240, 4), np.uint8)
    pixels[alpha > 0] = (255, 0, 0, 255)
    ours = made(png(pixels), Resize(width=60))
    theirs = judge.pixels(resized(judge.array(pixels).copy(interpretation="srgb"), 0.25, alpha=True))
    assert distance(ours, theirs) < ROUNDED
    assert ours[ours[:, :, 3] > 0][:, 0].min() >= 250
    assert ours[:, :, 1:3].max() == 0
    flat = made(png(pixels), Resize(width=60), Flatten(background="#ffffff"))
    assert flat[:, :, 0].min() >= 254


def tagged(judge: Judge, photograph: Array, suffix: str) -> bytes:
    """Separated by the profile of the press that libvips brings along."""
    asked = judge.array(photograph).copy(interpretation="srgb").icc_transform("cmyk")
    return judge.saved(asked, suffix, **({"Q": 95} if suffix == "jpg" else {}))


def without_adobe(jpeg: bytes) -> bytes:
    at = jpeg.index(b"\xff\xee\x00\x0eAdobe")
    return jpeg[:at] + jpeg[at + 16 :]


def as_ycck(jpeg: bytes) -> bytes:
    """The same levels taken for Y, Cb, Cr and black."""
    at = jpeg.index(b"Adobe") + 11
    return jpeg[:at] + b"\x02" + jpeg[at + 1 :]


def as_it_is(jpeg: bytes) -> bytes:
    return jpeg


CMYK = [as_it_is, without_adobe, as_ycck]


@pytest.mark.parametrize("kind", CMYK)
def test_the_inks_of_a_jpeg_are_those_of_libvips(
    judge: Judge, photograph: Array, kind: Callable[[bytes], bytes]
) -> None:
    """Without the marker the inks are inverted too: in browsers, Pillow and libvips alike."""
    content = kind(tagged(judge, photograph, "jpg"))
    theirs = judge.file(content).icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)
    assert ciede2000(lab(made(content)), lab(judge.pixels(theirs))).mean() < 0.5


def test_the_inks_of_a_tiff_are_those_of_libvips(judge: Judge, photograph: Array) -> None:
    content = tagged(judge, photograph, "tif")
    theirs = judge.file(content).icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)
    assert ciede2000(lab(made(content)), lab(judge.pixels(theirs))).mean() < 0.5


@pytest.mark.parametrize("kind", CMYK)
@pytest.mark.parametrize("suffix", ["jpg", "tif"])
def test_inks_without_a_profile_are_complements(
    judge: Judge, photograph: Array, kind: Callable[[bytes], bytes], suffix: str
) -> None:
    """On purpose not as libvips: it takes them for those of its press, which nothing in the file says; browsers and we
    take what ink takes away. The inks themselves are the same."""
    content = saved(Image.fromarray(photograph).convert("CMYK"), {"jpg": "JPEG", "tif": "TIFF"}[suffix])
    content = kind(content) if suffix == "jpg" else content
    inks = judge.pixels(judge.file(content)).astype(int)
    complement = (255 - inks[:, :, :3]) * (255 - inks[:, :, 3:]) / 255
    assert distance(made(content), np.round(complement)) < 0.6


@pytest.mark.parametrize("suffix", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_wide_gamut_counts_in_every_format(judge: Judge, photograph: Array, suffix: str) -> None:
    content = saved(Image.fromarray(photograph), suffix, icc_profile=rgb_profile(P3, 2.2))
    theirs = judge.file(content).icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)
    assert ciede2000(lab(made(content)), lab(judge.pixels(theirs))).mean() < 0.5


def test_a_profile_for_other_inks_is_not_believed(judge: Judge, photograph: Array) -> None:
    """A picture of red, green and blue with a profile for four inks: taken as untagged, as libvips takes it."""
    content = saved(Image.fromarray(photograph), "PNG", icc_profile=cmyk_profile())
    assert distance(made(content), judge.pixels(judge.file(content).colourspace("srgb"))) < EXACT


def test_white_is_nought_in_some_faxes(judge: Judge) -> None:
    image = ImageChops.invert(Image.fromarray(hard())).convert("1")
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", compression="group4", tiffinfo={262: 0})
    theirs = judge.pixels(judge.file(buffer.getvalue()).colourspace("srgb"))
    assert distance(made(buffer.getvalue()), theirs) < EXACT


def test_a_thumbnail_of_libvips_is_this_picture_too(judge: Judge, photograph: Array) -> None:
    """What sharp and vipsthumbnail users are used to: all of `thumbnail`, on a file with alpha. It halves first."""
    content = png(np.dstack((photograph, soft())))
    theirs = judge.pixels(judge.file(content).thumbnail_image(60, height=UNBOUNDED))
    assert distance(made(content, QUARTER), theirs) < 2 * ROUNDED
