"""File names: made safe when they come in, and derived for results."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import unquote, urlsplit

from app.imaging.naming import unique

_MAX_BYTES = 255
_MAX_STEM_BYTES = 180
_UNWANTED = ("Cc", "Cf", "Cs", "Co", "Cn")  # control, format (bidirectional too), surrogate, private, unassigned


def safe_name(name: str) -> str:
    """The last part of a file's name as sent: NFC, without control and bidirectional characters, 255 bytes at most."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    name = "".join(character for character in name if unicodedata.category(character) not in _UNWANTED).strip()
    suffix = PurePath(name).suffix
    kept = suffix if len(suffix) <= 10 else ""
    name = _shortened(name.removesuffix(kept), kept)
    return name if name not in ("", ".", "..") else "file"


def name_in(url: str) -> str:
    """What the file at a URL is called: the last part of the path."""
    return safe_name(unquote(urlsplit(url).path))


def stem(name: str) -> str:
    """The name of a file without its suffix, cut to leave room for what a recipe puts behind it."""
    return _shortened(PurePath(name).stem, "", _MAX_STEM_BYTES)


def name_part(text: str) -> str:
    """What a text becomes within a file's name: no folder and nothing invisible, and it leaves room for the rest."""
    text = re.sub(r"[/\\]+", "-", unicodedata.normalize("NFC", text))
    text = "".join(character for character in text if unicodedata.category(character) not in _UNWANTED)
    return _shortened(text, "", _MAX_STEM_BYTES)


def result_name(name: str, extension: str) -> str:
    """What a result is called: "photo-320", "webp" give "photo-320.webp"; a long original is cut, not what follows."""
    return safe_name(f"{name}.{extension}")


def distinct(names: Sequence[str]) -> list[str]:
    """Names for files in one folder, also where upper and lower case are the same: "a.jpg", "a (2).jpg"."""
    return unique(names, _numbered, lambda name: unicodedata.normalize("NFC", name.casefold()))


def _numbered(name: str, number: int) -> str:
    path = PurePath(name)
    return _shortened(path.stem, f" ({number}){path.suffix}")


def _shortened(stem: str, suffix: str, max_bytes: int = _MAX_BYTES) -> str:
    room = max_bytes - len(suffix.encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + suffix
