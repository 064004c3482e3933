"""One line of text below a picture, shortened in the middle to fit: both ends of a file's name tell files apart."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache

from PIL import Image

from app.errors import MissingFont
from app.imaging import fonts, lettering
from app.imaging.operation import RGBA
from app.imaging.sheet import put

LINE = 1.5
"""The height of a line of text in sizes of its font, with the gap to what is above it."""

_BASELINE = 1.15
"""From the top of the line; what is below is as much as the descenders of Noto Sans take."""

_JOINER = "\u200d"
_JOINED = ("Mn", "Mc", "Me", "Cf")
_TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
_UNKNOWN = "?"


def write(sheet: Image.Image, text: str, box: tuple[int, int, int], size: int, colour: RGBA) -> None:
    """Write one line in the middle of `box` (left, top, width), which is LINE × size high; cut to it."""
    left, top, width = box
    text = shortened(drawable(text), lambda part: lettering.advance(part, size) <= width)
    if not text:
        return
    mask, (x, y) = lettering.line(text, size)
    room = Image.new("L", (width, round(size * LINE)))
    start = round((width - lettering.advance(text, size)) / 2)
    room.paste(mask, (start - x, round(size * _BASELINE) - y))
    ink = Image.new("RGBA", room.size, colour[:3])
    ink.putalpha(room.point([round(level * colour[3] / 255) for level in range(256)]))
    put(sheet, ink, (left, top))


def shortened(text: str, fits: Callable[[str], bool]) -> str:
    """The text, or as much of its beginning and end as fits with … between; nothing where not even that does."""
    if not text or fits(text):
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


def drawable(text: str) -> str:
    """In one line, with a question mark for each character that no font here has."""
    return "".join(character if _has_font(character) else _UNKNOWN for character in _printable(text))


def _printable(text: str) -> str:
    """Controls become spaces, and what would turn the direction of the line is left out."""
    spaced = (" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text)
    return "".join(one for one in spaced if unicodedata.bidirectional(one) not in _TURNING)


@lru_cache(maxsize=4096)
def _has_font(character: str) -> bool:
    try:
        fonts.runs(character)
    except MissingFont:
        return False
    return True
