"""The pixel limit, and the sizes that encoders can not write."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from app.errors import DamagedFile, TooManyPixels, UnsupportedFile

from .conftest import Darkroom, spec
from .pictures import chunk, exif, noise, plain, saved


def huge_png(width: int = 50_000, height: int = 50_000) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def with_size(pillow_format: str) -> bytes:
    """A small file whose header is altered to claim 16,000 × 16,000; what follows is too little for that."""
    data = bytearray(
        saved(plain(size=(20, 10)), pillow_format, **({"lossless": False} if pillow_format == "WEBP" else {}))
    )
    size = 16_000
    if pillow_format == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", size, size)
    elif pillow_format == "WEBP":
        data[26:30] = struct.pack("<HH", size, size)
    elif pillow_format == "GIF":
        data[6:10] = struct.pack("<HH", size, size)
    elif pillow_format == "BMP":
        data[18:26] = struct.pack("<ii", size, size)
    elif pillow_format in ("AVIF", "HEIF"):
        at = data.index(b"ispe") + 8
        data[at : at + 8] = struct.pack(">II", size, size)
    else:
        for tag in (256, 257):
            at = data.index(struct.pack("<HHL", tag, 4, 1)) if struct.pack("<HHL", tag, 4, 1) in data else 0
            at = at or data.index(struct.pack("<HHL", tag, 3, 1))
            data[at : at + 12] = struct.pack("<HHLL", tag, 4, 1, size)
    return bytes(data)


def test_the_limit_is_checked_before_anything_is_decoded(darkroom: Darkroom) -> None:
    """There is not a single pixel in these files: whoever tries to decode them calls them damaged."""
    for data in (huge_png(), huge_png()[:-4], huge_png() + chunk(b"IEND", b"")):
        with pytest.raises(TooManyPixels, match=r"50000 × 50000 = 2500.0 megapixels; the limit is 100.0"):
            darkroom.render(data)


@pytest.mark.parametrize("pillow_format", ["JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF"])
def test_the_limit_is_checked_before_the_data_in_every_format(darkroom: Darkroom, pillow_format: str) -> None:
    with pytest.raises(TooManyPixels, match=r"16000 × 16000 = 256.0 megapixels"):
        darkroom.render(with_size(pillow_format))


@pytest.mark.parametrize("kind", ["VP8X", "VP8L"])
def test_the_limit_is_checked_before_webp_takes_its_canvas(darkroom: Darkroom, kind: str) -> None:
    data = bytearray(saved(plain("RGBA", (20, 10), (1, 2, 3, 4)), "WEBP", lossless=kind == "VP8L"))
    assert data[12:16] == kind.encode()
    if kind == "VP8X":
        data[24:30] = struct.pack("<I", 15_999)[:3] * 2
    else:
        data[21:25] = struct.pack("<I", 15_999 | 15_999 << 14 | 1 << 28)
    with pytest.raises(TooManyPixels, match="16000 × 16000"):
        darkroom.render(bytes(data))


def test_the_message_says_size_limit_and_way_out(darkroom: Darkroom) -> None:
    with pytest.raises(TooManyPixels) as caught:
        darkroom.render(huge_png(30_000, 20_000))
    assert str(caught.value) == (
        "The image is 30000 × 20000 = 600.0 megapixels; the limit is 100.0. Send a smaller image or raise MAX_PIXELS."
    )


def test_just_above_the_limit_is_said_in_pixels(darkroom: Darkroom) -> None:
    with pytest.raises(TooManyPixels, match="= 100,010,000 pixels; the limit is 100,000,000"):
        darkroom.render(huge_png(10_001, 10_000))
    with pytest.raises(TooManyPixels, match="= 1,200 pixels; the limit is 1,199"):
        darkroom.render(saved(plain(), "BMP"), limit=1199)


def test_the_limit_itself_is_allowed(darkroom: Darkroom) -> None:
    darkroom.render(saved(plain(), "PNG"), limit=1200)


def test_pillow_has_no_limit_of_its_own(darkroom: Darkroom) -> None:
    """Pillow warns above 89 megapixels and refuses above 179: the header passes, then the data is missing."""
    with pytest.raises(DamagedFile):
        darkroom.render(with_size("BMP"), limit=300_000_000)


@pytest.mark.parametrize(("size", "shown"), [((1, 5000), (1, 5000)), ((5000, 1), (320, 1)), ((3, 4000), (3, 4000))])
@pytest.mark.parametrize("output_format", ["jpeg", "webp", "avif"])
def test_elongated_images_are_rendered(darkroom: Darkroom, size, shown, output_format: str) -> None:
    assert darkroom.picture(saved(plain(size=size), "PNG"), output_format=output_format).size == shown


@pytest.mark.parametrize(
    ("output_format", "height", "longest"),
    [("webp", 16_384, 16_383), ("jpeg", 65_501, 65_500), ("avif", 32_769, 32_768)],
)
def test_a_side_that_the_encoder_can_not_write_is_refused(
    darkroom: Darkroom, output_format, height: int, longest: int
) -> None:
    data = saved(plain("L", (1, height)), "PNG")
    with pytest.raises(UnsupportedFile) as caught:
        darkroom.render(data, [spec(320, output_format)])
    assert str(caught.value) == (
        f"The output 320-{output_format} would be 1 × {height} pixels; a side of a {output_format} image is at most "
        f"{longest} pixels. Send an image that is less elongated."
    )


@pytest.mark.parametrize(("output_format", "longest"), [("webp", 16_383), ("jpeg", 65_500)])
def test_the_longest_side_is_written(darkroom: Darkroom, output_format: str, longest: int) -> None:
    assert darkroom.picture(saved(plain("L", (1, longest)), "PNG"), output_format=output_format).size == (1, longest)


def test_an_elongated_image_is_measured_as_displayed(darkroom: Darkroom) -> None:
    data = saved(plain(size=(20_000, 2)), "PNG", exif=exif(6))
    with pytest.raises(UnsupportedFile, match="would be 2 × 20000 pixels"):
        darkroom.render(data)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size(tmp_path: Path, orientation: int) -> None:
    """49 megapixels are 147 MB of RGB; the peak of an own process must stay far below them."""
    source = tmp_path / "large"
    Image.effect_noise((1000, 1000), 40).resize((7000, 7000)).convert("RGB").save(
        source, "JPEG", exif=exif(orientation)
    )
    program = (
        "import re, sys; from pathlib import Path\n"
        "from tests.imaging.conftest import making, spec; from app.imaging.pipeline import Limits, render\n"
        "peak = lambda: int(re.search('VmHWM:\\\\s+(\\\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "before = peak()\n"
        "wanted = making([spec(400, 'jpeg', 80)])\n"
        "render(Path(sys.argv[1]), wanted, Path(sys.argv[2]), Limits(10**8, 500))\n"
        "print(peak() - before)"
    )
    # VmHWM, not getrusage: that one would still hold the peak of pytest, from before the exec.
    command = [sys.executable, "-c", program, str(source), str(tmp_path)]
    peak = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert peak < 40_000, f"{peak} KiB"


@pytest.mark.parametrize(("orientation", "displayed"), [(1, (400, 200)), (6, (400, 200)), (6, (200, 400))])
def test_scaled_decoding_never_goes_below_the_largest_output(darkroom: Darkroom, orientation: int, displayed) -> None:
    """A grid of single pixels: decoded below 1/1 it would be grey, and enlarged again it would stay so."""
    width, height = displayed if orientation == 1 else displayed[::-1]
    grid = Image.frombytes("L", (width, height), (b"\0\xff" * (width // 2) + b"\xff\0" * (width // 2)) * (height // 2))
    data = saved(grid, "JPEG", quality=95, exif=exif(orientation))
    low, high = darkroom.picture(data, displayed[0], "jpeg").convert("L").getextrema()
    assert high - low > 200


def test_scaled_decoding_does_not_stretch_the_last_column(darkroom: Darkroom, near) -> None:
    """At 1/8, nine columns are one pixel and an eighth of another: a white ninth column is a ninth of the light."""
    image = plain("L", (9, 9))
    image.paste(255, (8, 0, 9, 9))
    output = darkroom.picture(saved(image, "JPEG", quality=100), 1, "jpeg", 100)
    # Stretched, it would be half of it: 127. (Lanczos weighs by distance, so that it is not 28 to the digit.)
    assert near((output.convert("L").getpixel((0, 0)),), (255 // 9,), 16)


def test_noise_of_a_megapixel_is_rendered_within_its_limit(darkroom: Darkroom) -> None:
    assert darkroom.render(saved(noise((300, 200)), "PNG"), limit=60_000).source.width == 300
