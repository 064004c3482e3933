"""What is accepted, by content alone; and what is said of the rest."""

import io
import json
import zipfile

import pytest
from PIL import Image

from app.errors import DamagedFile, EmptyFile, UnsupportedFile
from app.imaging.formats import ACCEPTED_MEDIA_TYPES, INPUT_FORMATS, accepted_sentence
from app.imaging.libraries import fault

from .conftest import Darkroom
from .pictures import gradient, jpeg_with, lossless, plain, saved

ACCEPTED = "JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF or BMP"


@pytest.mark.parametrize("accepted", INPUT_FORMATS, ids=lambda accepted: accepted.human_name)
def test_each_accepted_format_is_rendered(darkroom: Darkroom, near, accepted) -> None:
    data = saved(gradient(), accepted.pillow_name, **lossless(accepted.pillow_name))
    rendering = darkroom.render(data)
    assert rendering.source.media_type == accepted.media_type
    assert (rendering.source.width, rendering.source.height, rendering.source.frames) == (160, 120, 1)
    with Image.open(rendering.files[0].path) as output:
        for at in ((10, 10), (80, 60), (150, 110)):
            assert near(output.getpixel(at), gradient().getpixel(at), 14)


@pytest.mark.parametrize("options", [{"progressive": True}, {"subsampling": "4:2:0"}, {"quality": 5}])
def test_all_kinds_of_jpeg_are_read(darkroom: Darkroom, options: dict) -> None:
    assert darkroom.picture(saved(gradient(), "JPEG", **options)).size == (160, 120)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
def test_all_kinds_of_tiff_are_read(darkroom: Darkroom, near, compression: str) -> None:
    output = darkroom.picture(saved(gradient(), "TIFF", compression=compression))
    assert near(output.getpixel((80, 60)), gradient().getpixel((80, 60)), 14)


def test_a_big_tiff_is_read(darkroom: Darkroom) -> None:
    assert darkroom.render(saved(gradient(), "TIFF", big_tiff=True)).source.frames == 1


def test_a_phone_photo_with_two_pictures_is_a_jpeg(darkroom: Darkroom) -> None:
    data = saved(gradient(), "MPO", save_all=True, append_images=[plain(size=(160, 120))])
    source = darkroom.render(data).source
    assert (source.media_type, source.width, source.height) == ("image/jpeg", 160, 120)


def test_a_malformed_mpo_index_is_no_reason_to_refuse_the_photo(darkroom: Darkroom) -> None:
    darkroom.render(jpeg_with(saved(gradient(), "JPEG"), 0xE2, b"MPF\0II*\0\xff\xff\xff\xff"))


def test_the_accepted_formats_are_named_in_a_sentence() -> None:
    assert accepted_sentence() == ACCEPTED
    assert ACCEPTED_MEDIA_TYPES[0] == "image/jpeg"
    assert {"image/heic", "image/heif", "application/pdf"} < set(ACCEPTED_MEDIA_TYPES)


def test_an_empty_file_is_said_to_be_empty(darkroom: Darkroom) -> None:
    with pytest.raises(EmptyFile, match="0 bytes; send the complete file"):
        darkroom.render(b"")


def _zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "content " * 20)
    return buffer.getvalue()


def _box(brand: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + brand + b"\0\0\0\0" + b"".join(compatible)
    return (4 + len(body)).to_bytes(4, "big") + body + b"\0\0\0\x08free" * 20


REFUSED = {
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9"></svg>', "image/svg+xml"),
    "svg with a declaration": (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
    "zip": (_zip("a.txt"), "application/zip"),
    "docx": (_zip("[Content_Types].xml", "word/document.xml"), "application/zip"),
    "mp4": (_box(b"isom", b"isom", b"mp41"), "video/mp4"),
    "quicktime": (_box(b"qt  ", b"qt  "), "video/quicktime"),
    "text": (b"Dear Darkroom,\nthis is no picture.\n", "text/plain"),
    "text in UTF-8": ("Grüße, 你好\n".encode() * 500, "text/plain"),
    "html": (b"<!DOCTYPE html><html><body></body></html>", "text/html"),
    "jpeg xl": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(50), "image/jxl"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_names_what_the_file_looks_like_and_what_is_accepted(darkroom: Darkroom, name: str) -> None:
    data, looks_like = REFUSED[name]
    with pytest.raises(UnsupportedFile) as caught:
        darkroom.render(data)
    assert str(caught.value) == f"It looks like {looks_like}, which is not accepted; send a {ACCEPTED} image."


@pytest.mark.parametrize("data", [b"\0", bytes((i * 197 + 13) % 256 for i in range(500)), b"\x81\x9d\xfa\0" * 40])
def test_what_looks_like_nothing_is_just_refused(darkroom: Darkroom, data: bytes) -> None:
    with pytest.raises(UnsupportedFile) as caught:
        darkroom.render(data)
    assert str(caught.value) == f"It is not an image that Darkroom reads; send a {ACCEPTED} image."


@pytest.mark.parametrize("pillow_format", ["PPM", "ICO", "TGA", "PCX", "EPS", "SGI", "JPEG2000", "DDS", "DIB"])
def test_no_other_decoder_of_pillow_sees_a_file(darkroom: Darkroom, pillow_format: str) -> None:
    with pytest.raises(UnsupportedFile, match=f"send a {ACCEPTED} image"):
        darkroom.render(saved(gradient((32, 32)), pillow_format))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("BMP", saved(gradient(), "BMP").replace(b"\x18\0\0\0\0\0", b"\x18\0\4\0\0\0", 1)),
        (
            "TIFF",
            saved(plain("L", (8, 1)), "TIFF").replace(b"\x02\x01\x03\0\x01\0\0\0\x08", b"\x02\x01\x03\0\x01\0\0\0\x07"),
        ),
    ],
)
def test_a_rare_kind_of_an_accepted_format_is_unsupported_not_damaged(darkroom: Darkroom, name: str, data) -> None:
    with pytest.raises(UnsupportedFile, match=f"It is a {name} file of a kind that Darkroom does not read"):
        darkroom.render(data)


@pytest.mark.parametrize(
    "start",
    [
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a",
        b"II*\0",
        b"BM",
        b"RIFF\0\0\0\0WEBPVP8 ",
        _box(b"heic", b"mif1", b"heic"),
        _box(b"mif1", b"mif1", b"heic"),
        _box(b"mif1", b"mif1", b"miaf"),
    ],
)
def test_a_bare_signature_is_a_damaged_file(darkroom: Darkroom, start: bytes) -> None:
    with pytest.raises(DamagedFile, match="damaged or cut off"):
        darkroom.render(start)


def test_no_message_tells_the_name_of_the_file(darkroom: Darkroom) -> None:
    hostile = [data for data, _ in REFUSED.values()]
    hostile += [saved(gradient(), accepted.pillow_name)[:200] for accepted in INPUT_FORMATS]
    for data in hostile:
        with pytest.raises((UnsupportedFile, DamagedFile)) as caught:
            darkroom.render(data)
        message = json.dumps(str(caught.value))
        assert not any(part in message for part in ("secret-name", str(darkroom.directory), "<_io", "0x"))


@pytest.mark.parametrize("detail", ["cannot open /srv/media/a.png", "<_io.BytesIO object>", "b\n", "Ünlesbar", ""])
def test_what_a_decoder_says_is_not_quoted_where_it_could_name_a_path(detail: str) -> None:
    assert str(fault("PNG", detail)) == (
        "The PNG file is damaged or cut off; send the complete file again,"
        " a JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF or BMP image."
    )


def test_what_a_decoder_says_is_quoted_in_short() -> None:
    assert str(fault("PNG", "x" * 500)).count("x") == 120
