"""HEIC and HEIF: the primary image, upright once, in the colours that it is meant in; nothing else of the file."""

import errno
import io
import struct

import pillow_heif
import pytest
from PIL import ExifTags, Image

from app.errors import DamagedFile, TooManyPixels, UnsupportedFile
from app.imaging.encoders.jpeg import Jpeg
from app.imaging.encoders.same import Same
from app.imaging.graph import Graph, Step
from app.imaging.heif import HeifPicture
from app.imaging.operations.strip import Strip
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import Limits, RenderedFile, render

from .conftest import LIMIT, MAX_FRAMES, Darkroom
from .pictures import BLUE, GREEN, RED, WHITE, corners, exif, gradient, lossless, plain, saved, turned
from .profiles import P3, in_srgb, rgb_profile

LOSSLESS = {"quality": -1, "chroma": 444, "matrix_coefficients": 0, "full_range_flag": 1}
UNSEEN = 8
"""How far colours may be off for nothing but HEVC at its best."""


def heic(image: Image.Image, **options: object) -> bytes:
    return saved(image, "HEIF", **lossless("HEIF") | options)


def edited(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    assert len(old) == len(new)
    return data.replace(old, new)


def sized(data: bytes, at: int, *size: int) -> bytes:
    return data[:at] + struct.pack(">II", *size) + data[at + 8 :]


def with_exif_orientation(data: bytes, before: int, after: int) -> bytes:
    """The value in EXIF alone; the boxes that turn the picture stay what they are."""
    entry = struct.pack(">HHI", 0x0112, 3, 1)
    return edited(data, entry + struct.pack(">HH", before, 0), entry + struct.pack(">HH", after, 0))


def made(darkroom: Darkroom, data: bytes, making: Making) -> RenderedFile:
    darkroom.source.write_bytes(data)
    return render(darkroom.source, making, darkroom.scratch, Limits(LIMIT, MAX_FRAMES)).files[0]


def assert_looks_like(actual: Image.Image, expected: Image.Image, near) -> None:
    assert actual.size == expected.size
    width, height = expected.size
    for at in ((8, 8), (width - 8, 8), (8, height - 8), (width - 8, height - 8)):
        assert near(actual.convert("RGB").getpixel(at), expected.getpixel(at), UNSEEN), at


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_picture_stands_upright_once_whatever_its_exif_says(darkroom: Darkroom, near, orientation) -> None:
    """Boxes turn it; EXIF says the same, as in the photos of phones, or nothing of it."""
    picture, expected = corners((60, 40)), turned(corners((60, 40)), orientation)
    both = heic(picture, exif=exif(orientation))
    for data in (both, with_exif_orientation(both, orientation, 1)):
        rendering = darkroom.render(data)
        assert (rendering.source.width, rendering.source.height) == expected.size
        with Image.open(rendering.files[0].path) as image:
            assert_looks_like(image, expected, near)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_turn_that_only_exif_tells_is_none(darkroom: Darkroom, near, orientation: int) -> None:
    """ISO/IEC 23008-12: the boxes are what turns an image."""
    data = with_exif_orientation(heic(corners((60, 40)), exif=exif(1)), 1, orientation)
    assert_looks_like(darkroom.picture(data), corners((60, 40)), near)


def test_what_is_kept_of_exif_does_not_turn_it_again(darkroom: Darkroom, near) -> None:
    data = heic(corners((60, 40)), exif=exif(6, tag_010f="maker"))
    step = Step("clean", Strip(keep=["exif", "orientation"]), "source")
    file = made(darkroom, data, Making(Graph([step]), (Output("o", "clean", Jpeg(quality=95)),)))
    with Image.open(file.path) as image:
        assert (image.size, image.getexif().get(ExifTags.Base.Make)) == ((40, 60), "maker")
        assert image.getexif().get(ExifTags.Base.Orientation, 1) == 1
        assert_looks_like(image, turned(corners((60, 40)), 6), near)


@pytest.mark.parametrize(
    ("brands", "media_type"),
    [(b"heic\0\0\0\0mif1heicmiaf", "image/heic"), (b"mif1\0\0\0\0mif1heicmiaf", "image/heic"),
     (b"mif1\0\0\0\0mif1miafmiaf", "image/heif")],
)  # fmt: skip
def test_the_brands_tell_the_media_type(darkroom: Darkroom, brands: bytes, media_type: str) -> None:
    data = edited(heic(gradient(), chroma=420), b"heic\0\0\0\0mif1heicmiaf", brands)
    assert darkroom.render(data).source.media_type == media_type


def test_avif_is_still_pillows_own(darkroom: Darkroom) -> None:
    data = saved(gradient(), "AVIF")
    assert darkroom.render(data).source.media_type == "image/avif"
    with Image.open(io.BytesIO(data)) as image:
        assert not isinstance(image, HeifPicture)


def test_nothing_but_reading_is_registered_with_pillow() -> None:
    assert "HEIF" not in Image.SAVE
    assert "HEIF" not in Image.SAVE_ALL
    options = pillow_heif.options
    assert options.DECODE_THREADS == 1
    assert not any((options.THUMBNAILS, options.DEPTH_IMAGES, options.AUX_IMAGES))


def test_of_a_burst_the_primary_image_is_shown_and_is_no_animation(darkroom: Darkroom, near) -> None:
    file = pillow_heif.from_pillow(plain(size=(64, 48), colour=RED))
    for colour in (BLUE, GREEN):
        file.add_from_pillow(plain(size=(300, 200), colour=colour))
    buffer = io.BytesIO()
    file.save(buffer, primary_index=1)
    source = darkroom.render(buffer.getvalue()).source
    assert (source.width, source.height, source.frames) == (300, 200, 1)
    assert near(darkroom.picture(buffer.getvalue()).getpixel((9, 9)), BLUE, UNSEEN)


def test_a_thumbnail_does_not_stand_in_for_the_picture(darkroom: Darkroom) -> None:
    """Of single pixels: a thumbnail of 64 would be grey."""
    grid = Image.frombytes("L", (256, 192), (b"\0\xff" * 128 + b"\xff\0" * 128) * 96).convert("RGB")
    data = heic(grid, thumbnails=[64])
    assert data.count(b"thmb") == 1
    low, high = darkroom.picture(data, 256, "webp").convert("L").getextrema()
    assert high - low > 150
    assert darkroom.render(data, limit=256 * 192).source.frames == 1


def test_a_picture_of_tiles_is_whole(darkroom: Darkroom, near) -> None:
    data = heic(gradient((150, 130)), tile_size=64)
    assert data.count(b"grid") == 1
    output = darkroom.picture(data)
    assert output.size == (150, 130)
    for at in ((3, 3), (63, 64), (64, 63), (127, 128), (148, 128)):
        assert near(output.getpixel(at), gradient((150, 130)).getpixel(at), UNSEEN)


def test_a_picture_of_tiles_whose_last_ones_are_missing_is_cut_off_and_not_black_there(darkroom: Darkroom) -> None:
    data = heic(gradient((150, 130)), tile_size=64)
    with pytest.raises(DamagedFile, match=r"The HEIC file is damaged or cut off \([\d,]+ of [\d,]+ bytes\)"):
        darkroom.render(data[:-10])


def test_transparency_stays(darkroom: Darkroom, near) -> None:
    for mode in ("RGBA", "RGBa"):
        picture = plain("RGBA", (64, 48), (200, 100, 50, 128)).convert(mode)
        output = darkroom.picture(heic(picture, **LOSSLESS))
        assert output.mode == "RGBA", mode
        assert near(output.getpixel((9, 9)), (200, 100, 50, 128), UNSEEN), mode


def test_grey_becomes_rgb(darkroom: Darkroom, near) -> None:
    output = darkroom.picture(heic(plain("L", (64, 48), 90)))
    assert (output.mode, near(output.getpixel((9, 9)), (90, 90, 90), 3)) == ("RGB", True)


@pytest.mark.parametrize(("mode", "values"), [("RGB;16", (65535, 32768, 257)), ("RGBA;16", (65535, 32768, 257, 32768))])
def test_10_bits_become_8(darkroom: Darkroom, near, mode: str, values: tuple[int, ...]) -> None:
    buffer = io.BytesIO()
    pixels = struct.pack(f"<{len(values)}H", *values) * (64 * 48)
    pillow_heif.from_bytes(mode, (64, 48), pixels).save(buffer, **LOSSLESS)
    assert Image.open(io.BytesIO(buffer.getvalue())).info["bit_depth"] == 10
    assert near(darkroom.picture(buffer.getvalue()).getpixel((9, 9)), tuple(value >> 8 for value in values), 3)


def test_grey_of_10_bits_becomes_8(darkroom: Darkroom, near) -> None:
    output = darkroom.picture(heic(Image.new("I;16", (64, 48), 40_000), quality=-1))
    assert near(output.getpixel((9, 9)), (156, 156, 156), 3)


def test_the_colours_of_a_profile_are_converted(darkroom: Darkroom, near) -> None:
    data = heic(plain(colour=(200, 100, 50)), icc_profile=rgb_profile(P3, 2.2))
    assert near(darkroom.picture(data).getpixel((9, 9)), in_srgb((200, 100, 50), P3, 2.2), 4)


def test_colours_that_numbers_tell_are_converted_as_those_of_the_profile(darkroom: Darkroom, near) -> None:
    """Display P3 has 12 for its primaries and 13, sRGB's, for its curve (ITU-T H.273)."""
    data = heic(plain(colour=(200, 100, 50)), color_primaries=12, transfer_characteristics=13, **LOSSLESS)
    assert b"nclx" in data
    # The independent value is for a curve of 2.2, of which sRGB's is a few levels off in the dark.
    assert near(darkroom.picture(data).getpixel((9, 9)), in_srgb((200, 100, 50), P3, 2.2), 6)
    plainly = heic(plain(colour=(200, 100, 50)), color_primaries=1, transfer_characteristics=13, **LOSSLESS)
    assert near(darkroom.picture(plainly).getpixel((9, 9)), (200, 100, 50), 2)


@pytest.mark.parametrize(("number", "name"), [(16, "PQ"), (18, "HLG")])
def test_brightness_for_hdr_screens_is_refused_with_a_way_out(darkroom: Darkroom, number: int, name: str) -> None:
    data = heic(plain(), color_primaries=9, transfer_characteristics=number, **LOSSLESS)
    with pytest.raises(UnsupportedFile, match=rf"HDR screens \({name}\), which has no defined white; export it"):
        darkroom.render(data)


def test_its_own_format_is_jpeg(darkroom: Darkroom) -> None:
    file = made(darkroom, heic(gradient()), Making(Graph([]), (Output("o", "source", Same()),)))
    assert (file.format, file.media_type) == ("jpeg", "image/jpeg")


@pytest.mark.parametrize("claimed", [(60_000, 60_000), (100_000, 1001)])
def test_a_size_that_is_only_claimed_is_refused_before_anything_is_decoded(darkroom: Darkroom, claimed) -> None:
    data = heic(plain())
    with pytest.raises(TooManyPixels, match=rf"{claimed[0]} × {claimed[1]} = .* megapixels; the limit is 100.0"):
        darkroom.render(sized(data, data.index(b"ispe") + 8, *claimed))


def test_a_large_picture_of_which_a_small_part_is_shown_is_large(darkroom: Darkroom) -> None:
    """Odd sides are cut out of even ones: 101 × 77 is what Pillow is told."""
    data = heic(plain(size=(101, 77)), chroma=420)
    assert data.count(b"clap") == 1
    with pytest.raises(TooManyPixels, match="16000 × 16000"):
        darkroom.render(sized(data, data.index(b"ispe") + 8, 16_000, 16_000))


def test_tiles_that_make_more_than_the_picture_claims_are_not_put_together(darkroom: Darkroom) -> None:
    data = heic(plain(size=(128, 128)), tile_size=64)
    grid = struct.pack(">HH", 128, 128)
    lying = edited(data, grid, struct.pack(">HH", 30_000, 30_000))
    with pytest.raises(TooManyPixels, match=r"30000 × 30000 = 900\.0 megapixels"):
        darkroom.render(lying)


def test_a_tile_is_within_the_limit_too(darkroom: Darkroom) -> None:
    data = heic(plain(size=(128, 128)), tile_size=64)
    with pytest.raises(TooManyPixels, match="20000 × 20000"):
        darkroom.render(sized(data, data.rindex(b"ispe") + 8, 20_000, 20_000))


def test_pixels_that_are_more_than_claimed_are_damage(darkroom: Darkroom) -> None:
    data = heic(plain(size=(400, 300)))
    for claimed in ((100, 100), (500, 400)):
        with pytest.raises(DamagedFile, match="The HEIC file is damaged"):
            darkroom.render(sized(data, data.index(b"ispe") + 8, *claimed))


@pytest.mark.parametrize("box", [b"meta", b"iprp", b"ipco"])
@pytest.mark.parametrize("size", [1, 2, 7, 2**31, 2**32 - 1])
def test_a_file_with_a_box_of_a_wrong_size_is_refused(darkroom: Darkroom, box: bytes, size: int) -> None:
    data = heic(plain())
    at = data.index(box) - 4
    with pytest.raises((DamagedFile, UnsupportedFile)):
        darkroom.render(data[:at] + struct.pack(">I", size) + data[at + 4 :])


def test_pixels_of_another_codec_are_called_unsupported(darkroom: Darkroom) -> None:
    data = heic(plain())
    at = data.index(b"hvc1")
    with pytest.raises(UnsupportedFile, match="HEIC file of a kind that Darkroom does not read"):
        darkroom.render(data[:at] + b"vvc1" + data[at + 4 :])


@pytest.mark.parametrize(
    ("said", "error"),
    [("Memory allocation error: Unspecified", MemoryError), ("Memory allocation error", MemoryError),
     ("Memory allocation error: Security limit exceeded: Image size", DamagedFile)],
)  # fmt: skip
@pytest.mark.parametrize("at", ["opening", "decoding"])
def test_a_machine_without_memory_is_told_from_a_file_beyond_the_limits(
    darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch, said: str, error: type[Exception], at: str
) -> None:
    """A fake at a boundary that we do not own: libheif says both in the same way."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(said)

    data = heic(plain())
    where = "pillow_heif.as_plugin.HeifFile" if at == "opening" else "pillow_heif.as_plugin._LibHeifImageFile.load"
    monkeypatch.setattr(where, fail)
    with pytest.raises(error):
        darkroom.render(data)


def test_a_failing_disk_is_not_a_damaged_file() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if size in (None, -1):
                raise OSError(errno.EIO, "Input/output error")
            return super().read(size)

    with pytest.raises(OSError, match="Input/output error"):
        Image.open(Failing(heic(plain())), formats=("HEIF",))


def test_white_stays_white(darkroom: Darkroom) -> None:
    for options in ({}, {"full_range_flag": 0}):
        output = darkroom.picture(heic(plain(colour=WHITE), **options))
        assert min(output.getpixel((9, 9))) >= 253
