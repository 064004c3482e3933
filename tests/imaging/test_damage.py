"""Cut and altered files: a clear error or a right picture, never anything else."""

import errno
import io
import random
import struct

import pytest
from PIL import Image, ImageChops, ImageFile

from app.errors import DamagedFile, FileError
from app.imaging.pipeline import Limits, render

from .conftest import Darkroom, making, spec
from .pictures import chunk, exif, grey_tiff, noise, saved

VARIANTS = {
    "jpeg": ("JPEG", {"quality": 90}),
    "progressive jpeg": ("JPEG", {"quality": 90, "progressive": True}),
    "jpeg with exif": ("JPEG", {"exif": exif(6, tag_010f="maker")}),
    "png": ("PNG", {}),
    "png palette": ("PNG", {}),
    "webp": ("WEBP", {"quality": 80}),
    "lossless webp": ("WEBP", {"lossless": True}),
    "avif": ("AVIF", {"quality": 80, "speed": 9}),
    "heic": ("HEIF", {"quality": 80}),
    "heic of tiles": ("HEIF", {"quality": 80, "tile_size": 32}),
    "gif": ("GIF", {}),
    "tiff": ("TIFF", {}),
    "lzw tiff": ("TIFF", {"compression": "tiff_lzw"}),
    "deflate tiff": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "jpeg tiff": ("TIFF", {"compression": "jpeg"}),
    "packbits tiff": ("TIFF", {"compression": "packbits"}),
    "bmp": ("BMP", {}),
}


def variant(name: str) -> bytes:
    pillow_format, options = VARIANTS[name]
    image = noise((60, 45))
    return saved(image.quantize(64) if "palette" in name else image, pillow_format, **options)


def pixels(darkroom: Darkroom, data: bytes) -> Image.Image:
    return darkroom.picture(data, 60, "jpeg", 100)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_cut_file_is_refused_or_rendered_right(darkroom: Darkroom, name: str) -> None:
    data = variant(name)
    whole = pixels(darkroom, data)
    cuts = {1, 2, 4, 8, 12, 16, 24, 32, 64, 128, len(data) - 1, len(data) - 2, len(data) - 4, len(data) - 12}
    cuts |= {len(data) * part // 48 for part in range(1, 48)}
    accepted = []
    for cut in sorted(cut for cut in cuts if 0 < cut < len(data)):
        try:
            image = pixels(darkroom, data[:cut])
        except FileError:
            continue
        accepted.append(cut)
        assert image.size == whole.size
        difference = ImageChops.difference(image.convert("RGB"), whole.convert("RGB"))
        assert max(difference.tobytes()) <= 2, f"cut at {cut} of {len(data)}: silently wrong"
    # Only the ends of files are dispensable: end markers, and directories that stand before their data.
    assert all(cut >= len(data) * 0.95 for cut in accepted), accepted


@pytest.mark.parametrize("name", VARIANTS)
def test_a_file_cut_in_half_is_called_damaged_and_says_what_to_do(darkroom: Darkroom, name: str) -> None:
    data = variant(name)
    with pytest.raises(
        DamagedFile,
        match=r"The \w+ file is damaged or cut off.*; send the complete file again, a JPEG, PNG, .* image\.",
    ):
        darkroom.render(data[: len(data) // 2])


@pytest.mark.parametrize("name", VARIANTS)
def test_altered_bytes_never_bring_another_exception(darkroom: Darkroom, name: str) -> None:
    data, seed = variant(name), 20261122
    chance = random.Random(seed)
    for _ in range(40):
        altered = bytearray(data)
        for _ in range(chance.choice((1, 3, 20))):
            at = chance.randrange(min(len(data), chance.choice((64, 400, len(data)))))
            altered[at] = chance.randrange(256)
        try:
            darkroom.render(bytes(altered), [spec(30, "jpeg")], limit=10_000_000)
        except FileError:
            continue
        except BaseException as error:
            error.add_note(f"seed {seed}, file {altered.hex()}")
            raise


def test_truncated_images_are_not_completed_with_grey() -> None:
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("kind", [b"IDAT", b"IEND"])
def test_a_png_with_a_bad_checksum_is_damaged(darkroom: Darkroom, kind: bytes) -> None:
    data = saved(noise(), "PNG")
    at = data.rindex(kind) + 4
    if kind == b"IEND":
        data, kind = data[: at - 8] + chunk(b"tEXt", b"Comment\0hello") + data[at - 8 :], b"tEXt"
    at = data.rindex(kind) - 4
    (length,) = struct.unpack(">I", data[at : at + 4])
    crc_at = at + 8 + length
    altered = data[:crc_at] + bytes([data[crc_at] ^ 1]) + data[crc_at + 1 :]
    with pytest.raises(DamagedFile, match="PNG file is damaged"):
        darkroom.render(altered)


def test_a_png_without_its_end_is_damaged(darkroom: Darkroom) -> None:
    with pytest.raises(DamagedFile):
        darkroom.render(saved(noise(), "PNG")[:-12])


def test_a_jpeg_of_headers_only_is_damaged(darkroom: Darkroom) -> None:
    data = saved(noise(), "JPEG")
    with pytest.raises(DamagedFile):
        darkroom.render(data[: data.index(b"\xff\xda")])


@pytest.mark.parametrize("offset", [2**31, 2**32 - 1])
def test_a_tiff_that_points_beyond_its_end_is_damaged(darkroom: Darkroom, offset: int) -> None:
    data = grey_tiff([1, 2, 3, 4])
    with pytest.raises(DamagedFile):
        darkroom.render(data[:4] + struct.pack("<L", offset) + data[8:])


def test_a_big_tiff_with_an_offset_that_no_file_has_is_damaged(darkroom: Darkroom) -> None:
    """Pillow's seek fails with EINVAL: an errno, but not of the machine's making."""
    for offset in (2**63 - 1, 2**63, 2**64 - 1):
        with pytest.raises(DamagedFile):
            darkroom.render(b"II+\0\x08\0\0\0" + struct.pack("<Q", offset) + bytes(64))


def test_an_absurd_strip_offset_is_damaged(darkroom: Darkroom) -> None:
    data = bytearray(grey_tiff([1, 2, 3, 4]))
    at = data.index(struct.pack("<HHL", 273, 4, 1)) + 8
    data[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(DamagedFile):
        darkroom.render(bytes(data))


def test_a_machine_without_room_is_not_a_damaged_file(darkroom: Darkroom) -> None:
    """/dev/full is the kernel's disk that has no room left: every write to it fails with ENOSPC."""
    (darkroom.scratch / "320-webp.webp").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as caught:
        darkroom.render(saved(noise(), "PNG"))
    assert caught.value.errno == errno.ENOSPC


def test_a_scratch_that_is_gone_is_not_a_damaged_file(darkroom: Darkroom) -> None:
    darkroom.scratch.rmdir()
    with pytest.raises(FileNotFoundError):
        darkroom.render(saved(noise(), "PNG"))


def test_a_source_that_can_not_be_opened_is_not_a_damaged_file(darkroom: Darkroom) -> None:
    darkroom.source.mkdir()
    with pytest.raises(IsADirectoryError):
        render(darkroom.source, making([spec()]), darkroom.scratch, Limits(10**8, 500))


@pytest.mark.parametrize("failing", [OSError(errno.EIO, "Input/output error"), MemoryError("no memory")])
def test_a_machine_that_fails_while_reading_is_not_a_damaged_file(
    darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch, failing: Exception
) -> None:
    """A fake at a boundary that we do not own: no real disk can be told to fail here."""

    def fail(*_: object) -> None:
        raise failing

    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", fail)
    with pytest.raises(type(failing)) as caught:
        darkroom.render(saved(noise(), "JPEG"))
    assert caught.value is failing


def test_a_codec_that_runs_out_of_memory_is_a_memory_error(darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("out of memory when reading image file")

    monkeypatch.setattr(ImageFile.ImageFile, "load_prepare", fail)
    with pytest.raises(MemoryError):
        darkroom.render(saved(noise(), "JPEG"))


def test_a_whole_file_is_still_read_after_damaged_ones(darkroom: Darkroom) -> None:
    for name in VARIANTS:
        data = variant(name)
        with pytest.raises(FileError):
            darkroom.render(data[: len(data) // 3])
        assert Image.open(io.BytesIO(data)).size == pixels(darkroom, data).size or name == "jpeg with exif"
