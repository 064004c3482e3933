"""The eight orientations, once each, for every format that has them."""

from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from .conftest import Darkroom, spec
from .pictures import CORNERS_SHOWN, chunk, corners, exif, jpeg_with, lossless, saved

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")


def corner_colours(image: Image.Image) -> list[tuple[int, ...]]:
    image = image.convert("RGB")
    right, bottom = image.width - 3, image.height - 3
    return [image.getpixel(at) for at in ((2, 2), (right, 2), (2, bottom), (right, bottom))]


def assert_shown(image: Image.Image, orientation: int, near) -> None:
    pairs = zip(corner_colours(image), CORNERS_SHOWN[orientation], strict=True)
    assert all(near(actual, expected, 25) for actual, expected in pairs), (orientation, corner_colours(image))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pillow_format", FORMATS)
def test_orientation_is_applied_exactly_once(darkroom: Darkroom, near, pillow_format: str, orientation: int) -> None:
    data = saved(corners((60, 40)), pillow_format, exif=exif(orientation), **lossless(pillow_format))
    rendering = darkroom.render(data, [spec(30, "webp", 95)])
    shown = (60, 40) if orientation < 5 else (40, 60)
    assert (rendering.source.width, rendering.source.height) == shown
    with Image.open(rendering.files[0].path) as output:
        assert output.size == (30, 20 if orientation < 5 else 45)
        assert_shown(output, orientation, near)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg"])
@pytest.mark.parametrize("orientation", [6, 7])
def test_compressed_and_plain_tiffs_are_turned_alike(darkroom, near, compression: str, orientation: int) -> None:
    data = saved(corners(), "TIFF", exif=exif(orientation), compression=compression)
    assert_shown(darkroom.picture(data), orientation, near)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_scaled_jpeg_is_turned_like_a_full_one(darkroom: Darkroom, near, orientation: int) -> None:
    data = saved(corners((1600, 1200)), "JPEG", exif=exif(orientation))
    image = darkroom.picture(data, 100)
    assert image.size == (100, 75 if orientation < 5 else 133)
    assert_shown(image, orientation, near)


def test_a_png_with_exif_behind_its_pixels_is_turned(darkroom: Darkroom, near) -> None:
    data = saved(corners(), "PNG")
    end = data.index(b"IEND") - 4
    data = data[:end] + chunk(b"eXIf", exif(6).removeprefix(b"Exif\0\0")) + data[end:]
    assert_shown(darkroom.picture(data), 6, near)


def test_avif_is_turned_by_its_container_not_by_its_exif(darkroom: Darkroom, near) -> None:
    data = saved(corners(), "AVIF", exif=exif(tag_0113=6), **lossless("AVIF"))
    at = data.index(b"\x13\x01\x03\x00") if b"\x13\x01\x03\x00" in data else data.index(b"\x01\x13\x00\x03")
    ours = data[at : at + 2].replace(b"\x13", b"\x12")
    assert_shown(darkroom.picture(data[:at] + ours + data[at + 2 :]), 1, near)


def test_an_orientation_in_xmp_only_is_ignored_as_browsers_do(darkroom: Darkroom, near) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    jpeg = jpeg_with(saved(corners(), "JPEG"), 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)
    assert_shown(darkroom.picture(jpeg), 1, near)
    assert_shown(darkroom.picture(saved(corners(), "TIFF", tiffinfo={700: xmp})), 1, near)
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    assert_shown(darkroom.picture(saved(corners(), "PNG", pnginfo=text, exif=exif(tag_010f="maker"))), 1, near)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_out_of_range_is_upright(darkroom: Darkroom, near, orientation: int) -> None:
    output = darkroom.picture(saved(corners(), "JPEG", exif=exif(orientation)))
    assert output.size == corners().size
    assert_shown(output, 1, near)


def test_broken_exif_does_not_refuse_the_picture(darkroom: Darkroom, near, recwarn: pytest.WarningsRecorder) -> None:
    block = exif(6)
    hostile = [block[:12], b"Exif\0\0" + b"\xff" * 40, b"Exif\0\0II*\0\xff\xff\xff\x7f", b"Exif\0\0", block[:-4]]
    for segment in hostile:
        darkroom.picture(jpeg_with(saved(corners(), "JPEG"), 0xE1, segment))
    assert not recwarn.list


def test_the_file_name_plays_no_part(tmp_path: Path, darkroom: Darkroom) -> None:
    darkroom.source = tmp_path / "photo.gif"
    assert darkroom.render(saved(corners(), "PNG")).source.media_type == "image/png"
