"""One line of text below a picture, shortened in the middle to fit: both ends of a file's name tell files apart."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from math import floor

from PIL import Image, ImageDraw, ImageFont

from app.imaging.operation import RGBA

LINE = 1.5
"""The height of a line of text in sizes of its font, with the gap to what is above it."""

_JOINER = "\u200d"
_JOINED = ("Mn", "Mc", "Me", "Cf")


def write(sheet: Image.Image, text: str, box: tuple[int, int, int], size: int, colour: RGBA) -> None:
    """Write one line in the middle of `box` (left, top, width), which is LINE × size high; cut to it."""
    left, top, width = box
    face = _face(size)
    text = shortened(_printable(text), lambda part: face.getlength(part) <= width)
    line = Image.new("L", (width, round(size * LINE)))
    start = (width - face.getlength(text)) / 2
    ImageDraw.Draw(line).text((floor(start), round(size * 1.15)), text, 255, face, "ls")
    ink = Image.new("RGBA", line.size, colour[:3])
    ink.putalpha(line.point([round(level * colour[3] / 255) for level in range(256)]))
    if sheet.mode == "RGBA":
        sheet.alpha_composite(ink, (left, top))
    else:
        sheet.paste(ink, (left, top), ink)


def shortened(text: str, fits: Callable[[str], bool]) -> str:
    """The text, or as much of its beginning and end as fits with … between; nothing where not even that does."""
    if fits(text):
        return text
    parts = _characters(text)
    least, most = -1, len(parts) - 1
    while least < most:
        kept = (least + most + 1) // 2
        least, most = (kept, most) if fits(_with_gap(parts, kept)) else (least, kept - 1)
    return _with_gap(parts, least) if least >= 0 else ""


def _with_gap(parts: list[str], kept: int) -> str:
    return "".join(parts[: (kept + 1) // 2]) + "…" + "".join(parts[len(parts) - kept // 2 :])


def _characters(text: str) -> list[str]:
    """As people count them: with the marks and joiners that belong to each, which would be nothing alone."""
    parts: list[str] = []
    for character in text:
        if parts and (unicodedata.category(character) in _JOINED or parts[-1].endswith(_JOINER)):
            parts[-1] += character
        else:
            parts.append(character)
    return parts


def _printable(text: str) -> str:
    return "".join(" " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character for character in text)


@lru_cache(maxsize=4)
def _face(size: int) -> ImageFont.FreeTypeFont:
    face = ImageFont.load_default(size)
    assert isinstance(face, ImageFont.FreeTypeFont)
    return face
