"""Images inside recipes: what is taken, what is refused at once, and which pixels come out."""

import base64
import struct
import zlib

import pytest
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from app.errors import UnsuitableImage
from app.imaging.embedded import EmbeddedImage, opened_image

from .pictures import BLUE, RED, corners, exif, lossless, plain, saved
from .profiles import SWAPPED, rgb_profile

TYPE = TypeAdapter(EmbeddedImage)


def uri(data: bytes, kind: str = "png") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def refusal(value: str) -> str:
    with pytest.raises(ValidationError) as raised:
        TYPE.validate_python(value)
    return str(raised.value)


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_the_three_formats_of_the_web_are_taken(kind: str, near) -> None:
    value = TYPE.validate_python(uri(saved(corners(), kind.upper(), **lossless(kind.upper())), kind))
    image = opened_image(value)
    assert (image.mode, image.size) == ("RGB", (60, 40))
    assert near(image.getpixel((2, 2)), RED)


def test_alpha_palettes_and_grey_come_out_as_rgb_or_rgba() -> None:
    assert opened_image(uri(saved(plain("RGBA", colour=(1, 2, 3, 4)), "PNG"))).getpixel((0, 0)) == (1, 2, 3, 4)
    assert opened_image(uri(saved(plain("L", colour=7), "PNG"))).getpixel((0, 0)) == (7, 7, 7)
    assert opened_image(uri(saved(plain("1", colour=1), "PNG"))).getpixel((0, 0)) == (255, 255, 255)
    palette = corners().quantize(4)
    assert opened_image(uri(saved(palette, "PNG"))).getpixel((0, 0)) == RED


def test_it_is_turned_upright_and_brought_to_srgb(near) -> None:
    turned = opened_image(uri(saved(corners(), "JPEG", exif=exif(6), **lossless("JPEG")), "jpeg"))
    assert turned.size == (40, 60)
    assert near(turned.getpixel((2, 2)), BLUE)
    swapped = saved(plain(colour=RED), "PNG", icc_profile=rgb_profile(SWAPPED, None))
    assert near(opened_image(uri(swapped)).getpixel((0, 0)), BLUE)


def test_of_an_animation_the_first_frame_is_taken() -> None:
    data = saved(plain(colour=RED), "WEBP", save_all=True, append_images=[plain(colour=BLUE)], lossless=True)
    assert opened_image(uri(data, "webp")).getpixel((0, 0)) == RED


def test_white_space_of_folded_yaml_is_let_through() -> None:
    whole = uri(saved(corners(), "PNG"))
    folded = whole[:50] + "\n  " + whole[50:90] + " " + whole[90:]
    assert opened_image(TYPE.validate_python(folded)).size == (60, 40)


@pytest.mark.parametrize(
    "value",
    ["", "logo.png", "https://example.org/a.png", "data:image/svg+xml;base64,AAAA", "data:image/png,abc"],
)
def test_what_is_no_data_uri_of_these_formats_is_refused(value: str) -> None:
    assert "must begin with data:image/png;base64," in refusal(value)


def test_what_is_not_base64_is_refused() -> None:
    assert "is not base64" in refusal("data:image/png;base64,@@@@")
    assert "is not base64" in refusal("data:image/png;base64,abcde")


@pytest.mark.parametrize("data", [b"", b"no image at all", saved(corners(), "GIF"), saved(corners(), "JPEG")])
def test_content_that_is_not_what_it_says_is_refused(data: bytes) -> None:
    assert "it is no PNG image" in refusal(uri(data))


def test_more_than_200_kb_are_refused() -> None:
    assert "at most 200000 characters" in refusal(uri(bytes(150_001)))


def claiming(width: int, height: int) -> bytes:
    """A PNG that says only how large it is."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_more_than_4_megapixels_are_refused_by_the_header(kind: str) -> None:
    data = saved(Image.new("L" if kind == "png" else "RGB", (2001, 2000)), kind.upper())
    message = refusal(uri(data, kind))
    assert "2001 × 2000 = 4,002,000 pixels; an image in a recipe has at most 4,000,000" in message


def test_a_bomb_is_refused_before_a_pixel_is_decoded() -> None:
    assert "100000 × 100000" in refusal(uri(claiming(100_000, 100_000)))


def test_a_png_whose_checksums_are_wrong_is_refused_with_the_recipe() -> None:
    data = bytearray(saved(corners(), "PNG"))
    data[data.index(b"IDAT") + 4 + 10] ^= 1
    assert "it is no PNG image that can be read, or a damaged one" in refusal(uri(bytes(data)))


def test_damaged_pixels_are_the_recipes_fault_in_words() -> None:
    data = saved(corners((300, 300)), "JPEG", quality=95)
    value = TYPE.validate_python(uri(data[: len(data) // 2], "jpeg"))
    with pytest.raises(UnsuitableImage, match="recipe itself carries is damaged"):
        opened_image(value)


def test_the_pixels_are_decoded_once() -> None:
    value = uri(saved(plain(colour=(5, 6, 7)), "PNG"))
    assert opened_image(value) is opened_image(value)
