"""Every pixel layout that the accepted formats can hold."""

import struct

import pytest
from PIL import Image

from app.errors import UnsupportedFile

from .conftest import Darkroom
from .pictures import RED, chunk, gif, grey_tiff, plain, png, saved

CLEAR = (0, 0, 0, 0)


def row(darkroom: Darkroom, data: bytes) -> list[tuple[int, ...]]:
    """The pixels of the first line, through lossless enough a WebP: each source pixel is 16 wide there."""
    output = darkroom.picture(data, quality=100).convert("RGBA")
    return [output.getpixel((x, 0)) for x in range(8, output.width, 16)]


def wide(values: list) -> list:
    return [value for value in values for _ in range(16)]


def tall(line: bytes) -> list[bytes]:
    return [line] * 16


@pytest.mark.parametrize(
    ("mode", "colour", "seen"),
    [
        ("1", 1, (255, 255, 255)),
        ("1", 0, (0, 0, 0)),
        ("L", 100, (100, 100, 100)),
        ("LA", (100, 255), (100, 100, 100)),
        ("LA", (100, 128), (100, 100, 100, 128)),
        ("RGB", (10, 200, 90), (10, 200, 90)),
        ("RGBA", (10, 200, 90, 255), (10, 200, 90)),
        ("RGBA", (10, 200, 90, 128), (10, 200, 90, 128)),
    ],
)
@pytest.mark.parametrize("pillow_format", ["PNG", "TIFF"])
def test_every_common_mode_keeps_its_colour(darkroom: Darkroom, near, pillow_format, mode, colour, seen) -> None:
    output = darkroom.picture(saved(plain(mode, colour=colour), pillow_format), quality=100)
    assert near(output.getpixel((20, 15)), seen, 4)


@pytest.mark.parametrize("pillow_format", ["PNG", "GIF", "TIFF", "BMP"])
def test_palettes_are_colours(darkroom: Darkroom, near, pillow_format: str) -> None:
    image = plain(colour=(200, 30, 40))
    image.paste((30, 40, 200), (0, 0, 20, 30))
    output = darkroom.picture(saved(image.quantize(16), pillow_format), quality=100)
    assert near(output.getpixel((30, 15)), (200, 30, 40))
    assert near(output.getpixel((8, 15)), (30, 40, 200))


def test_a_palette_is_blended_not_picked_from(darkroom: Darkroom, near) -> None:
    stripes = Image.new("P", (400, 400))
    stripes.putpalette([0, 0, 0, 255, 255, 255])
    for x in range(0, 400, 2):
        stripes.paste(1, (x, 0, x + 1, 400))
    assert near(darkroom.picture(saved(stripes, "PNG"), 50).getpixel((25, 25)), (128, 128, 128), 8)


@pytest.mark.parametrize("pillow_format", ["PNG", "GIF"])
def test_the_transparent_entry_of_a_palette_is_transparent(darkroom: Darkroom, near, pillow_format: str) -> None:
    image = Image.new("P", (32, 16), 1)
    image.putpalette([0, 255, 0, 200, 30, 40])
    image.paste(0, (0, 0, 16, 16))
    pixels = row(darkroom, saved(image, pillow_format, transparency=0))
    assert pixels[0][3] == 0
    assert near(pixels[1], (200, 30, 40, 255))


def test_a_palette_with_partial_transparency_keeps_it(darkroom: Darkroom, near) -> None:
    image = Image.new("P", (32, 16), 1)
    image.putpalette([0, 255, 0, 200, 30, 40])
    assert near(row(darkroom, saved(image, "PNG", transparency=b"\xff\x80"))[0], (200, 30, 40, 128), 8)


def test_a_palette_with_an_alpha_channel_is_read(darkroom: Darkroom, near) -> None:
    image = Image.merge("PA", (Image.new("P", (32, 16), 1), Image.new("L", (32, 16), 128)))
    image.putpalette([0, 255, 0, 200, 30, 40])
    assert near(row(darkroom, saved(image, "TIFF"))[0], (200, 30, 40, 128), 8)


@pytest.mark.parametrize(
    ("name", "data", "seen"),
    [
        ("1 bit", png((32, 16), 1, 0, tall(b"\xff\xff\0\0"), chunk(b"tRNS", b"\0\1")), [CLEAR, (0, 0, 0, 255)]),
        ("2 bit", png((32, 16), 2, 0, tall(b"\xaa" * 4 + b"\x55" * 4), chunk(b"tRNS", b"\0\2")), [CLEAR, (85,) * 3]),
        ("4 bit", png((32, 16), 4, 0, tall(b"\x33" * 8 + b"\x66" * 8), chunk(b"tRNS", b"\0\3")), [CLEAR, (102,) * 3]),
        (
            "8 bit",
            png((32, 16), 8, 0, tall(b"\x33" * 16 + b"\x66" * 16), chunk(b"tRNS", b"\0\x33")),
            [CLEAR, (102,) * 3],
        ),
        (
            "16 bit",
            png((32, 16), 16, 0, tall(struct.pack(">32H", *wide([1000, 40000]))), chunk(b"tRNS", b"\x03\xe8")),
            [CLEAR, (156,) * 3],
        ),
        (
            "RGB",
            png((32, 16), 8, 2, tall(bytes(RED) * 16 + b"\0\0\x90" * 16), chunk(b"tRNS", b"\0\xff\0\0\0\0")),
            [CLEAR, (0, 0, 144)],
        ),
        (
            "16 bit RGB",
            png(
                (32, 16),
                16,
                2,
                tall(b"\xff\x01\0\0\0\0" * 16 + b"\0\0\0\0\x90\0" * 16),
                chunk(b"tRNS", b"\xff\x01\0\0\0\0"),
            ),
            [CLEAR, (0, 0, 144)],
        ),
    ],
)
def test_the_transparent_colour_of_a_png_is_transparent(darkroom: Darkroom, near, name: str, data: bytes, seen) -> None:
    pixels = row(darkroom, data)
    assert pixels[0][3] == 0, name
    assert near(pixels[1][:3], seen[1][:3], 4), name
    assert pixels[1][3] == 255


@pytest.mark.parametrize("source", ["png", "tiff, little", "tiff, big"])
def test_16_bit_grey_is_scaled_not_clipped(darkroom: Darkroom, near, source: str) -> None:
    values = wide([0, 255, 0x4000, 0x8000, 0xFFFF])
    data = {
        "png": png((80, 16), 16, 0, tall(struct.pack(">80H", *values))),
        "tiff, little": grey_tiff(values),
        "tiff, big": grey_tiff(values, order=">"),
    }[source]
    seen = [pixel[0] for pixel in row(darkroom, data)]
    assert near(seen, [0, 0, 0x40, 0x80, 0xFF], 3)


def test_white_is_zero_holds_for_16_bits_too(darkroom: Darkroom, near) -> None:
    seen = [pixel[0] for pixel in row(darkroom, grey_tiff(wide([0, 0x4000, 0xFFFF]), photometric=0))]
    assert near(seen, [255, 0xBF, 0], 3)


def test_12_bit_grey_is_scaled(darkroom: Darkroom, near) -> None:
    seen = [pixel[0] for pixel in row(darkroom, grey_tiff(wide([0, 0x800, 0xFFF]), bits=12))]
    assert near(seen, [0, 128, 255], 3)


@pytest.mark.parametrize(("colour_type", "pixel"), [(2, "8000 4000 ff00"), (6, "8000 4000 ff00 ffff")])
def test_16_bit_colour_png_is_scaled(darkroom: Darkroom, near, colour_type: int, pixel: str) -> None:
    data = png((16, 16), 16, colour_type, tall(bytes.fromhex(pixel) * 16))
    assert near(row(darkroom, data)[0], (0x80, 0x40, 0xFF, 255), 4)


def test_16_bit_grey_with_alpha_is_scaled(darkroom: Darkroom, near) -> None:
    data = png((16, 16), 16, 4, tall(bytes.fromhex("4000 8000") * 16))
    assert near(row(darkroom, data)[0], (0x40, 0x40, 0x40, 0x80), 4)


@pytest.mark.parametrize(
    ("bits", "sample_format", "named"), [(32, 3, "floating point"), (32, 2, "integer"), (16, 2, "signed")]
)
def test_measurements_are_refused_by_their_pixel_format(darkroom: Darkroom, bits, sample_format, named) -> None:
    with pytest.raises(UnsupportedFile, match=f"{named}.*8 or 16 bits a channel"):
        darkroom.render(grey_tiff([0, 1, 2, 3], bits, sample_format=sample_format))


def test_a_first_gif_frame_smaller_than_the_screen_stands_on_nothing(darkroom: Darkroom, near) -> None:
    output = darkroom.picture(gif((48, 32), (16, 8, 16, 16), RED, (0, 90, 0)))
    assert output.size == (48, 32)
    assert near(output.getpixel((24, 16)), (*RED, 255), 12)
    assert output.getpixel((2, 2))[3] == 0
    assert output.getpixel((45, 30))[3] == 0
