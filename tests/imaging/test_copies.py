"""Where only metadata change, a file keeps its pixels, byte for byte; nothing private stays."""

import io
import struct
from collections.abc import Callable

import pytest
from PIL import Image

from app.imaging import containers
from app.imaging.encoders.same import Same
from app.imaging.graph import Graph, Step
from app.imaging.operations.resize import Resize
from app.imaging.operations.strip import Strip
from app.imaging.outputs import Making, Output
from app.imaging.picture import Kept
from app.imaging.pipeline import Limits, RenderedFile, render

from .conftest import LIMIT, Darkroom
from .pictures import chunk, exif, gradient, jpeg_with, noise, plain, saved
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


SECRET = b"GPSSECRET!"
KEEPS = frozenset[Kept](("icc", "orientation"))


def riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def webp(*chunks: bytes, after: bytes = b"") -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body + after


def still() -> bytes:
    """The chunk of the pixels of a simple WebP."""
    return saved(plain(), "WEBP", lossless=True)[12:]


def extended(flags: int = 0, tail: bytes = b"") -> bytes:
    return riff(b"VP8X", bytes([flags, 0, 0, 0]) + b"\x27\0\0\x1d\0\0" + tail)


def frame(*chunks: bytes) -> bytes:
    return riff(b"ANMF", b"\0" * 6 + b"\x27\0\0\x1d\0\0" + b"\x32\0\0\0" + b"".join(chunks))


def gif_with(*blocks: bytes) -> bytes:
    """A GIF with these before its picture."""
    data = saved(plain(), "GIF")
    at = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    return data[:at] + b"".join(blocks) + data[at:]


def png_with(*chunks: bytes) -> bytes:
    data = saved(plain(), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


HIDDEN: dict[str, Callable[[], bytes]] = {
    "WebP, a chunk nobody knows": lambda: webp(extended(), still(), riff(b"C2PA", SECRET)),
    "WebP, a chunk nobody knows, before": lambda: webp(extended(), riff(b"C2PA", SECRET), still()),
    "WebP, metadata that flags deny": lambda: webp(extended(), still(), riff(b"EXIF", SECRET), riff(b"XMP ", SECRET)),
    "WebP, in a frame": lambda: webp(extended(2), riff(b"ANIM", b"\0" * 6), frame(still(), riff(b"C2PA", SECRET))),
    "WebP, in the head": lambda: webp(extended(0, SECRET), still()),
    "WebP, in the loops": lambda: webp(extended(2), riff(b"ANIM", b"\0" * 6 + SECRET), frame(still())),
    "WebP, after the simple picture": lambda: webp(still(), riff(b"C2PA", SECRET)),
    "WebP, after the end": lambda: webp(extended(), still(), after=SECRET),
    "WebP, after the end of a simple one": lambda: webp(still(), after=SECRET),
    "JPEG, thumbnail of JFIF": lambda: jfif(b"JFIF\0\1\2\0\0\1\0\1\1\3" + SECRET[:9]),
    "JPEG, JFIF of some other length": lambda: jfif(b"JFIF\0\1\2\0\0\1\0\1\0\0" + SECRET),
    "JPEG, thumbnail of JFXX": lambda: jpeg_with(saved(plain(), "JPEG"), 0xE0, b"JFXX\0\x10" + SECRET),
    "JPEG, Adobe's and more": lambda: jpeg_with(saved(plain(), "JPEG"), 0xEE, b"Adobe\0\x64\0\0\0\0\1" + SECRET),
    "JPEG, a segment of its own": lambda: jpeg_with(saved(plain(), "JPEG"), 0xEB, b"JP" + SECRET),
    "JPEG, reserved markers": lambda: jpeg_with(saved(plain(), "JPEG"), 0xF7, SECRET),
    "PNG, a private chunk": lambda: png_with(chunk(b"caBX", SECRET), chunk(b"teSt", SECRET)),
    "GIF, another application": lambda: gif_with(b"\x21\xff\x0bXMP DataXMP\x0a" + SECRET + b"\0"),
    "GIF, behind the plays": lambda: gif_with(b"\x21\xff\x0bNETSCAPE2.0\3\1\5\0\x0a" + SECRET + b"\0"),
    "GIF, behind the control": lambda: gif_with(b"\x21\xf9\4\0\0\0\0\x0a" + SECRET + b"\0"),
    "GIF, text": lambda: gif_with(b"\x21\1\x0c" + b"\0" * 12 + b"\x0a" + SECRET + b"\0"),
    "GIF, after the end": lambda: saved(plain(), "GIF") + SECRET,
}


def jfif(body: bytes) -> bytes:
    data = saved(plain(), "JPEG")
    return data[:2] + b"\xff\xe0" + struct.pack(">H", len(body) + 2) + body + data[20:]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_copy_holds_nothing_but_the_picture(hidden: str) -> None:
    data = HIDDEN[hidden]()
    assert SECRET[:9] in data
    cleaned = containers.rewritten(data, f"image/{hidden.split(',')[0].lower()}", KEEPS, None)
    assert cleaned is not None
    assert SECRET[:9] not in cleaned
    with Image.open(io.BytesIO(cleaned)) as after:
        assert (after.size, after.convert("RGB").getpixel((20, 15))) == ((40, 30), (0, 0, 0))


def test_jfif_keeps_its_14_bytes_with_no_thumbnail() -> None:
    data = jfif(b"JFIF\0\1\2\1\0\x48\0\x48\1\3" + SECRET[:9])
    cleaned = containers.rewritten(data, "image/jpeg", KEEPS, None) or b""
    assert cleaned[:20] == b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\2\1\0\x48\0\x48\0\0"


def test_a_webps_profile_stays_where_it_is_kept_and_the_flags_say_what_is_there() -> None:
    data = webp(extended(0x2C), riff(b"ICCP", b"profile"), still(), riff(b"EXIF", SECRET), riff(b"XMP ", b"packet"))
    for keep, flags, there in (
        (frozenset(), 0, []), (KEEPS, 0x20, [b"ICCP"]), (frozenset(("xmp",)), 0x04, [b"XMP "]),
    ):  # fmt: skip
        cleaned = containers.rewritten(data, "image/webp", keep, None) or b""
        assert cleaned[20] == flags
        assert [kind for kind in (b"ICCP", b"EXIF", b"XMP ") if kind in cleaned] == there


@pytest.mark.parametrize("kind", [b"pHYs", b"gAMA", b"sRGB", b"bKGD", b"tRNS"])
def test_a_png_chunk_longer_than_it_can_be_is_not_copied(kind: bytes) -> None:
    assert containers.rewritten(png_with(chunk(kind, SECRET * 30)), "image/png", KEEPS, None) is None


def test_what_stands_between_jpeg_segments_is_not_copied() -> None:
    data = saved(plain(), "JPEG")
    assert containers.rewritten(data[:20] + SECRET + data[20:], "image/jpeg", KEEPS, None) is None


class Counted(bytes):
    """A file that counts the bytes that are copied out of it."""

    copied = 0

    def __getitem__(self, index: object) -> object:
        part = super().__getitem__(index)  # type: ignore[call-overload]
        self.copied += len(part) if isinstance(part, bytes) else 1
        return part


@pytest.mark.parametrize("keep", [frozenset(), frozenset(("xmp", "icc"))], ids=str)
def test_a_file_of_ten_thousand_parts_is_read_once(keep: frozenset[Kept]) -> None:
    many = 10_000
    for data, kind in (
        (png_with(chunk(b"tEXt", b"") * many, chunk(b"iTXt", b"") * many), "png"),
        (webp(extended(), still(), riff(b"C2PA", b"") * many), "webp"),
        (gif_with(b"\x21\xfe\1x\0" * many), "gif"),
        (saved(plain(), "JPEG").replace(b"\xff\xdb", b"\xff\xfe\0\2" * many + b"\xff\xdb", 1), "jpeg"),
    ):
        counted = Counted(data)
        assert containers.rewritten(counted, f"image/{kind}", keep, None) is not None
        assert counted.copied <= 2 * len(data), kind
