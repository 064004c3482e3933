"""Nothing of a photographer's private data leaves with the pictures."""

import io

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from app.imaging import encoders
from app.imaging.graph import Graph, Step
from app.imaging.operations.flatten import Flatten
from app.imaging.operations.strip import Strip
from app.imaging.outputs import Making, Output
from app.imaging.picture import Kept
from app.imaging.pipeline import Limits, render

from .conftest import LIMIT, Darkroom, spec
from .pictures import exif, gradient, jpeg_with, noise, saved
from .profiles import P3, SRGB, rgb_profile

SECRETS = (b"GPSSECRET", b"XMPSECRET", b"IPTCSECRET", b"COMMENTSECRET", b"MAKERSECRET", b"Darkroom test")
MARKS = (
    b"Exif",
    b"EXIF",
    b"http://ns.adobe.com",
    b"XMP ",
    b"ICC_PROFILE",
    b"ICCP",
    b"prof",
    b"8BIM",
    b"acsp",
    b"\xff\xfe\0",
)
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>XMPSECRET</x:xmpmeta>"


def private(pillow_format: str, profile: bytes) -> bytes:
    block = Image.Exif()
    block[0x010F] = "MAKERSECRET"
    block[0x0112] = 1
    block.get_ifd(0x8825)[0x001D] = "GPSSECRET"
    options: dict[str, object] = {"exif": block.tobytes(), "icc_profile": profile}
    if pillow_format == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "COMMENTSECRET")
        text.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options["pnginfo"] = text
    elif pillow_format == "GIF":
        options = {"comment": b"COMMENTSECRET"}
    elif pillow_format in ("WEBP", "AVIF"):
        options["xmp"] = XMP
    elif pillow_format == "JPEG":
        options |= {"comment": b"COMMENTSECRET", "xmp": XMP}
    data = saved(gradient(), pillow_format, **options)
    if pillow_format == "JPEG":
        data = jpeg_with(data, 0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0aIPTCSECRET")
    assert any(secret in data for secret in SECRETS)
    return data


@pytest.mark.parametrize("profile", [rgb_profile(P3, 2.2), rgb_profile(SRGB, 2.2)], ids=["converted", "nearly sRGB"])
@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "GIF"])
def test_no_output_holds_any_metadata(darkroom: Darkroom, pillow_format: str, profile: bytes) -> None:
    outputs = [spec(width, output_format) for width in (1600, 80) for output_format in ("jpeg", "webp", "avif")]
    for file in darkroom.render(private(pillow_format, profile), outputs).files:
        data = file.path.read_bytes()
        assert not [mark for mark in (*SECRETS, *MARKS) if mark in data], file.name
        with Image.open(io.BytesIO(data)) as image:
            assert not dict(image.getexif())
            assert not {"exif", "xmp", "icc_profile", "comment", "photoshop", "dpi"} & set(image.info)


def test_jpeg_outputs_hold_the_necessary_segments_only(darkroom: Darkroom) -> None:
    data = darkroom.render(private("JPEG", rgb_profile(P3, 2.2)), [spec(80, "jpeg")]).files[0].path.read_bytes()
    markers, at = [], 2
    while data[at + 1] != 0xDA:
        markers.append(data[at + 1])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    assert set(markers) <= {0xE0, 0xDB, 0xC0, 0xC4}  # JFIF, tables, frame


def test_webp_outputs_hold_pixels_only(darkroom: Darkroom) -> None:
    data = darkroom.render(private("WEBP", rgb_profile(P3, 2.2)), [spec(80, "webp")]).files[0].path.read_bytes()
    assert data[12:16] == b"VP8 "


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_orientation_is_in_the_pixels_alone(darkroom: Darkroom, orientation: int) -> None:
    for output_format in ("jpeg", "webp", "avif"):
        output = darkroom.picture(saved(gradient(), "JPEG", exif=exif(orientation)), 80, output_format)
        assert output.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("keeping", [[["copyright"], []], [[], ["copyright"]]], ids=str)
def test_outputs_of_the_same_pixels_keep_each_its_own(darkroom: Darkroom, keeping: list[list[Kept]]) -> None:
    """The pixels are those of one step, which is settled: nothing tells the two apart but what they keep."""
    darkroom.source.write_bytes(saved(noise((60, 40)), "JPEG", exif=exif(1, tag_8298="Ada")))
    strips = [Step(f"s{at}", Strip(keep=keep), "flat") for at, keep in enumerate(keeping)]
    jpeg = encoders.found()["jpeg"]()
    making = Making(
        Graph([Step("flat", Flatten(), "source"), *strips]), tuple(Output(one.name, one.name, jpeg) for one in strips)
    )
    files = render(darkroom.source, making, darkroom.scratch, Limits(LIMIT, 100)).files
    for file, keep in zip(files, keeping, strict=True):
        with Image.open(file.path) as image:
            assert (ExifTags.Base.Copyright in image.getexif()) == ("copyright" in keep)
