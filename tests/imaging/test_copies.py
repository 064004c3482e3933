"""Where only metadata change, a file keeps its pixels, byte for byte; nothing private stays."""

import io
import struct

import pytest
from PIL import Image

from app.imaging import containers
from app.imaging.encoders.same import Same
from app.imaging.graph import Graph, Step
from app.imaging.operations.resize import Resize
from app.imaging.operations.strip import Strip
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import Limits, RenderedFile, render

from .conftest import LIMIT, Darkroom
from .pictures import chunk, exif, gradient, noise, plain, saved
from .profiles import P3, rgb_profile
from .test_metadata import SECRETS, private

PRIVACY = Step("clean", Strip(keep=["icc", "orientation"]), "source")


def made(darkroom: Darkroom, data: bytes, *steps: Step) -> RenderedFile:
    darkroom.source.write_bytes(data)
    graph = Graph(steps or (PRIVACY,))
    making = Making(graph, (Output("file", (steps or (PRIVACY,))[-1].name, Same()),))
    return render(darkroom.source, making, darkroom.scratch, Limits(LIMIT, 100)).files[0]


def scans(jpeg: bytes) -> bytes:
    """From the first table or frame on: all that makes the pixels."""
    return jpeg[min(jpeg.index(marker) for marker in (b"\xff\xdb", b"\xff\xc0", b"\xff\xc2") if marker in jpeg) :]


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 97, "subsampling": "4:4:4"},
                                     {"restart_marker_blocks": 3}], ids=str)  # fmt: skip
def test_a_jpegs_pixels_are_the_very_same(darkroom: Darkroom, options: dict) -> None:
    data = saved(noise((97, 53)), "JPEG", exif=exif(1), comment=b"COMMENTSECRET", **options)
    file = made(darkroom, data)
    assert (file.format, file.extension, file.media_type) == ("jpeg", "jpg", "image/jpeg")
    assert scans(file.path.read_bytes()) == scans(data)


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_nothing_private_stays_and_no_pixel_changes(darkroom: Darkroom, pillow_format: str) -> None:
    profile = rgb_profile(P3, 2.2)
    data = private(pillow_format, profile)
    cleaned = made(darkroom, data).path.read_bytes()
    of_the_profile = [b"Darkroom test"]
    assert [secret for secret in SECRETS if secret in cleaned and secret not in of_the_profile] == []
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(cleaned)) as after:
        assert (after.format, after.size, after.mode) == (before.format, before.size, before.mode)
        assert after.tobytes() == before.tobytes()
        assert after.info.get("icc_profile") == before.info.get("icc_profile")
        assert dict(after.getexif()) == {}


@pytest.mark.parametrize("pillow_format", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_stays_and_nothing_else_of_exif(darkroom: Darkroom, pillow_format: str) -> None:
    block = Image.Exif()
    block.load(exif(6))
    block[0x010F] = "MAKERSECRET"
    data = saved(gradient(), pillow_format, exif=block.tobytes())
    cleaned = made(darkroom, data).path.read_bytes()
    assert b"MAKERSECRET" not in cleaned
    with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(cleaned)) as after:
        assert dict(after.getexif()) == {0x0112: 6}
        assert after.tobytes() == before.tobytes()


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_every_mode_of_jpeg_stays_what_it_is(darkroom: Darkroom, mode: str) -> None:
    data = saved(gradient().convert(mode), "JPEG", comment=b"COMMENTSECRET")
    with Image.open(made(darkroom, data).path) as after, Image.open(io.BytesIO(data)) as before:
        assert after.mode == before.mode == mode
        assert after.tobytes() == before.tobytes()
        assert "comment" not in after.info


def test_16_bits_stay_16_bits(darkroom: Darkroom) -> None:
    image = Image.new("I;16", (9, 5), 12_345)
    with Image.open(made(darkroom, saved(image, "PNG")).path) as after:
        assert (after.mode, after.getpixel((3, 3))) == ("I;16", 12_345)


def test_what_is_appended_goes(darkroom: Darkroom) -> None:
    two = saved(gradient(), "MPO", save_all=True, append_images=[plain(size=(160, 120))])
    for data in (saved(gradient(), "JPEG") + b"APPENDEDSECRET", saved(gradient(), "PNG") + b"APPENDEDSECRET", two):
        cleaned = made(darkroom, data).path.read_bytes()
        assert b"APPENDEDSECRET" not in cleaned
        assert len(cleaned) < len(data)
        with Image.open(io.BytesIO(cleaned)) as image:
            assert image.format in ("JPEG", "PNG")


def test_an_animation_keeps_its_frames_times_and_plays(darkroom: Darkroom) -> None:
    frames = [plain(size=(32, 24), colour=(at * 40, 0, 0)) for at in range(4)]
    for pillow_format in ("GIF", "WEBP", "PNG"):
        data = saved(
            frames[0], pillow_format, save_all=True, append_images=frames[1:], duration=[50, 60, 70, 80], loop=3
        )
        with Image.open(made(darkroom, data).path) as after, Image.open(io.BytesIO(data)) as before:
            assert (after.n_frames, after.info.get("loop")) == (before.n_frames, before.info.get("loop"))
            for at in range(4):
                after.seek(at)
                before.seek(at)
                assert after.info.get("duration") == before.info.get("duration")
                assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()


def test_pixels_that_change_are_encoded(darkroom: Darkroom) -> None:
    data = saved(gradient(), "JPEG", quality=80)
    smaller = made(darkroom, data, Step("s", Resize(width=80), "source"))
    assert (smaller.width, smaller.quality) == (80, 90)
    turned = made(darkroom, saved(gradient(), "JPEG", exif=exif(6)), Step("s", Strip(), "source"))
    assert (turned.width, turned.height, turned.quality) == (120, 160, 90)
    tagged = saved(gradient(), "JPEG", icc_profile=rgb_profile(P3, 2.2))
    assert made(darkroom, tagged, Step("s", Strip(), "source")).quality == 90, "sRGB has other numbers"


def test_formats_that_are_not_written_become_their_next_of_kin(darkroom: Darkroom) -> None:
    file = made(darkroom, saved(gradient(), "BMP"))
    assert (file.format, file.extension) == ("png", "png")
    with Image.open(file.path) as after:
        assert after.tobytes() == gradient().tobytes()


@pytest.mark.parametrize("cut", [3, 30, 200])
def test_a_container_that_does_not_end_is_encoded_or_refused_and_never_copied(darkroom: Darkroom, cut: int) -> None:
    for data, kind in ((saved(gradient(), "JPEG"), "jpeg"), (saved(gradient(), "PNG"), "png"),
                       (saved(gradient(), "WEBP"), "webp"), (saved(gradient(), "GIF"), "gif")):  # fmt: skip
        assert containers.rewritten(data[:-cut], f"image/{kind}", frozenset(), None) is None
    assert containers.rewritten(b"\xff\xd8\xff\xe0" + struct.pack(">H", 0), "image/jpeg", frozenset(), None) is None


def test_the_smallest_file_is_taken_that_looks_like_the_original(darkroom: Darkroom) -> None:
    """A file that was encoded well already is copied; a wasteful one is encoded anew."""
    thrifty = saved(noise((300, 200)), "JPEG", quality=20, optimize=True)
    wasteful = saved(noise((300, 200)), "JPEG", quality=100)
    for data, quality in ((thrifty, None), (wasteful, int)):
        darkroom.source.write_bytes(data)
        making = Making(Graph(()), (Output("file", "source", Same(quality="auto")),))
        file = render(darkroom.source, making, darkroom.scratch, Limits(LIMIT, 100)).files[0]
        assert file.path.stat().st_size <= len(data)
        assert (file.quality is None) == (quality is None)


def with_chunk(webp: bytes, kind: bytes, body: bytes) -> bytes:
    chunks = webp[12:] + kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def test_a_chunk_that_nobody_knows_goes(darkroom: Darkroom) -> None:
    """Also one within a frame of an animation, and one of a simple file."""
    still = saved(plain("RGBA", (20, 10), (1, 2, 3, 4)), "WEBP", lossless=True, exif=exif(1))
    moving = saved(plain(), "WEBP", save_all=True, append_images=[plain(colour=(0, 0, 9))], duration=50)
    for data in (still, moving, saved(plain(), "WEBP")):
        cleaned = made(darkroom, with_chunk(data, b"C2PA", b"GPSSECRET")).path.read_bytes()
        assert b"GPSSECRET" not in cleaned
        with Image.open(io.BytesIO(data)) as before, Image.open(io.BytesIO(cleaned)) as after:
            assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()
            assert getattr(after, "n_frames", 1) == getattr(before, "n_frames", 1)


def test_the_thumbnail_of_jfif_goes(darkroom: Darkroom) -> None:
    data = saved(gradient(), "JPEG")
    assert data[2:4] == b"\xff\xe0"
    body = data[6:18] + bytes((2, 1)) + b"SECRET"
    data = data[:2] + b"\xff\xe0" + struct.pack(">H", len(body) + 2) + body + data[20:]
    cleaned = made(darkroom, data).path.read_bytes()
    assert b"SECRET" not in cleaned
    assert cleaned[2:20] == b"\xff\xe0\0\x10" + body[:12] + b"\0\0"


def test_many_small_chunks_are_read_once() -> None:
    """A copy of the rest of the file for each of them would be 60 GB."""
    data = saved(plain(), "PNG")
    many = data[:33] + chunk(b"IDAT", b"") * 100_000 + data[33:]
    assert containers.rewritten(many, "image/png", frozenset({"xmp"}), None) == many
