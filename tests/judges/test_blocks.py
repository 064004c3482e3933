"""Broken and huge metadata change no pixel: what comes out is what libvips makes of the file."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest

from tests.imaging.pictures import chunk, exif, jpeg_with
from tests.imaging.profiles import P3, rgb_profile

from .judge import Asked, Judge
from .measures import distance
from .ours import made
from .pictures import jpeg, numbered, png

PICTURE = numbered((121, 83))
PROFILE = rgb_profile(P3, 1.8)
ICC, XMP, PHOTOSHOP = b"ICC_PROFILE\0", b"http://ns.adobe.com/xmp/extension/\0", b"Photoshop 3.0\0"
SEGMENT = 65_533
HUGE = 16_000_000


def segments(kind: int, name: bytes, size: int = HUGE) -> bytes:
    """A JPEG with so many bytes of one application, in segments as large as can be."""
    body = name + bytes(SEGMENT - len(name))
    one = b"\xff" + bytes([kind]) + struct.pack(">H", SEGMENT + 2) + body
    plain = jpeg(PICTURE)
    return plain[:2] + one * (size // SEGMENT) + plain[2:]


def padded(size: int) -> bytes:
    """A profile of this size, as those with tables of colours are."""
    return struct.pack(">I", size) + PROFILE[4:] + bytes(size - len(PROFILE))


def with_profile(profile: bytes, count: int | None = None) -> bytes:
    """In as many segments as it needs, which may say that there are others."""
    room = SEGMENT - len(ICC) - 2
    parts = [profile[at : at + room] for at in range(0, len(profile), room)]
    content = jpeg(PICTURE)
    for at in reversed(range(len(parts))):
        content = jpeg_with(content, 0xE2, ICC + bytes([at + 1, count or len(parts)]) + parts[at])
    return content


def with_chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk right after its header."""
    plain = png(PICTURE)
    return plain[:33] + chunk(kind, body) + plain[33:]


def in_srgb(asked: Asked) -> Asked:
    return asked.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True)


BROKEN: dict[str, bytes] = {
    "a profile cut off": with_profile(PROFILE[:300]),
    "a profile of noughts": with_profile(bytes(500)),
    "a profile that is none": with_profile(b"not a profile at all" * 20),
    "an empty profile": jpeg_with(jpeg(PICTURE), 0xE2, ICC + b"\1\1"),
    "a profile without its numbers": jpeg_with(jpeg(PICTURE), 0xE2, ICC),
    "EXIF of no length": jpeg_with(jpeg(PICTURE), 0xE1, b""),
    "EXIF with nothing in it": jpeg_with(jpeg(PICTURE), 0xE1, b"Exif\0\0"),
    "EXIF cut off in its header": jpeg_with(jpeg(PICTURE), 0xE1, b"Exif\0\0MM\0*\0\0\0\x08"),
    "EXIF that points beyond its end": jpeg_with(jpeg(PICTURE), 0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f"),
    "EXIF that points at itself": jpeg_with(
        jpeg(PICTURE), 0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08"
    ),
    "Photoshop's block cut off": jpeg_with(jpeg(PICTURE), 0xED, PHOTOSHOP + b"8BIM\x03\xed"),
    "Adobe's marker cut off": jpeg_with(jpeg(PICTURE), 0xEE, b"Adobe"),
    "JFIF cut off": jpeg_with(jpeg(PICTURE), 0xE0, b"JFIF\0"),
    "a PNG's profile cut off": with_chunk(b"iCCP", b"x\0\0" + zlib.compress(PROFILE)[:100]),
    "a PNG's EXIF of no length": with_chunk(b"eXIf", b""),
    "a PNG's EXIF that is none": with_chunk(b"eXIf", b"garbage"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_block_changes_no_pixel(judge: Judge, fault: str) -> None:
    assert np.array_equal(made(BROKEN[fault]), judge.pixels(judge.file(BROKEN[fault])))


BLOCKS: dict[str, tuple[int, bytes]] = {
    "exif": (0xE1, exif(1, tag_010f="maker")),
    "adobe": (0xEE, b"Adobe\0d\0\0\0\0\1"),
    "photoshop": (0xED, PHOTOSHOP + b"8BIM\x03\xed\0\0\0\0\0\x10" + bytes(16) + b"8BIM\x04\x04\0\0\0\0\0\x04abcd"),
    "profile": (0xE2, ICC + b"\1\1" + PROFILE[:8]),
    "pictures": (0xE2, b"MPF\0II*\0\x08\0\0\0\1\0\x01\xb0\4\0\1\0\0\0\2\0\0\0\0\0\0\0"),
    "jfif": (0xE0, b"JFIF\0\1\1\1\0H\0H\0\0"),
}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_may_be_cut_off_anywhere(block: str) -> None:
    """Pillow gives a JPEG up for some of these; libvips, libjpeg and browsers do not."""
    kind, body = BLOCKS[block]
    plain = made(jpeg(PICTURE))
    for length in range(len(body)):
        assert np.array_equal(made(jpeg_with(jpeg(PICTURE), kind, body[:length])), plain), length


def test_a_broken_block_takes_no_other_along(judge: Judge) -> None:
    """The orientation and the profile of a picture whose Photoshop block is broken still count."""
    content = jpeg(PICTURE, orientation=6)
    content = jpeg_with(jpeg_with(content, 0xE2, ICC + b"\1\1" + PROFILE), 0xED, PHOTOSHOP + b"8BIM\x03\xed")
    assert distance(made(content), judge.pixels(in_srgb(judge.file(content)).autorot())) < 0.2


HUGE_BLOCKS: dict[str, Callable[[], bytes]] = {
    "XMP": lambda: segments(0xE1, XMP),
    "EXIF": lambda: segments(0xE1, b"Exif\0\0II*\0\x08\0\0\0"),
    "comments": lambda: segments(0xFE, b"comment"),
    "Photoshop": lambda: segments(0xED, PHOTOSHOP),
    "a PNG's XMP": lambda: with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"x" * HUGE),
    "a PNG's XMP, compressed": lambda: with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(HUGE))),
    "a PNG's text, compressed": lambda: with_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(HUGE))),
    "a PNG's EXIF": lambda: with_chunk(b"eXIf", b"II*\0\x08\0\0\0" + bytes(HUGE)),
}


@pytest.mark.parametrize("block", HUGE_BLOCKS)
def test_a_huge_block_changes_no_pixel(judge: Judge, block: str) -> None:
    content = HUGE_BLOCKS[block]()
    assert np.array_equal(made(content), judge.pixels(judge.file(content)))


HUGE_PROFILES: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: with_profile(padded(HUGE)),
    "PNG": lambda: with_chunk(b"iCCP", b"x\0\0" + zlib.compress(padded(HUGE))),
}


@pytest.mark.parametrize("suffix", HUGE_PROFILES)
def test_a_huge_profile_counts(judge: Judge, suffix: str) -> None:
    content = HUGE_PROFILES[suffix]()
    theirs = judge.pixels(in_srgb(judge.file(content)))
    assert distance(made(content), theirs) < 0.2
    assert distance(made(jpeg(PICTURE)), theirs) > 2


def test_a_profile_of_which_a_part_is_missing_is_none() -> None:
    """On purpose not as libvips, which believes the part that is there; browsers and we need the whole."""
    assert np.array_equal(made(with_profile(PROFILE, count=2)), made(jpeg(PICTURE)))
