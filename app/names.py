"""File names: made safe when they come in, and derived for results."""

import re
import unicodedata
from pathlib import PurePath

_MAX_BYTES = 255
_UNWANTED = ("Cc", "Cf", "Cs", "Co", "Cn")  # control, format (bidirectional too), surrogate, private, unassigned


def safe_name(name: str) -> str:
    """The last part of a file's name as sent: NFC, without control and bidirectional characters, 255 bytes at most."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    name = "".join(character for character in name if unicodedata.category(character) not in _UNWANTED).strip()
    suffix = PurePath(name).suffix
    kept = suffix if len(suffix) <= 10 else ""
    name = _shortened(name.removesuffix(kept), kept)
    return name if name not in ("", ".", "..") else "file"


def result_name(source: str, variant: str, extension: str) -> str:
    """What a result of the file `source` is called: "photo.jpg", "320", "webp" give "photo-320.webp"."""
    return _shortened(PurePath(source).stem, f"-{variant}.{extension}")


def _shortened(stem: str, suffix: str) -> str:
    room = _MAX_BYTES - len(suffix.encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + suffix
