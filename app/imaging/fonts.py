"""Fonts for texts: which files there are, and which of them a text is set in, character by character.

Searched in this order: `typefaces/` beside this file (Noto Sans for 27 scripts), the package noto-cjk-sans-otc from
requirements.txt (Noto Sans CJK: Chinese, Japanese, Korean), then the folder that `look_in` names.
"""

import difflib
import hashlib
import importlib.util
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Never

from PIL import ImageFont

from app.errors import MissingFont

SYSTEM = Path("/usr/share/fonts")
_BUNDLED = Path(__file__).with_name("typefaces")
_PACKAGE = "noto_cjk_sans_otc"
_FIRST = "NotoSans-Regular"
_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")
_STYLED = re.compile("bold|black|heavy|light|thin|medium|italic|oblique|condensed|serif|mono|math", re.IGNORECASE)
_MOST_FILES = 2000

_PROBED_AT = 24
"""Pixels to the em at which glyphs are told apart."""
_NOBODY_HAS = "\uffff"
"""A noncharacter: every font draws its glyph for what it lacks."""


@dataclass(frozen=True)
class _Folder:
    more: Path = SYSTEM


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a text that is set in one font."""

    start: int
    end: int
    font: Path


_looked_in = [SYSTEM]


def look_in(folder: Path) -> None:
    """From now on search this folder, and all below it, instead of the system's. For the composition root.

    What there is gets listed here and now: processes that are forked later need no look at the folder.
    """
    _looked_in[:] = [folder]
    files.cache_clear()
    state.cache_clear()
    state()


@lru_cache(maxsize=1)
def files() -> tuple[Path, ...]:
    """Every font file, the first choice first; of one folder the regular styles before the others."""
    package = importlib.util.find_spec(_PACKAGE)
    places = [_BUNDLED, *map(Path, (package and package.submodule_search_locations) or ()), *_looked_in]
    return tuple(path for place in places for path in _below(place))


@lru_cache(maxsize=1)
def state() -> str:
    """Tells the fonts that there are from others: a file that was replaced, or one that comes first now."""
    told = [f"{path.name} {status.st_size} {status.st_mtime_ns}" for path in files() if (status := path.stat())]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def named(name: str) -> Path:
    """The file of this name, with or without its suffix. Raises MissingFont."""
    known = {key.casefold(): path for path in reversed(files()) for key in (path.name, path.stem)}
    if path := known.get(name.casefold()):
        return path
    near = difflib.get_close_matches(name.casefold(), known, n=1)
    hint = f"; did you mean {known[near[0]].stem}?" if near else "."
    raise MissingFont(
        f"No font file here is called {name}{hint} A font that is not here can be put into the folder that FONT_DIR"
        " names; restart the workers after that."
    )


def runs(text: str, font: str | None = None) -> list[Run]:
    """The text in as few fonts as have it: the named one where it can be, else the first that has the character.

    What belongs to no script, such as spaces, digits and punctuation, stays with the letters beside it. Raises
    MissingFont for a character that no font has.
    """
    first = (named(font),) if font else ()
    parts = [part for cluster in _clusters(text) for part in _drawable(cluster, first)]
    letters = [_font(part, first) if _is_letter(part) else None for part in parts]
    found: list[Run] = []
    end = 0
    for at, part in enumerate(parts):
        path = letters[at] or _font(part, (*first, *_beside(part[0], letters, at))) or _refuse(part)
        begun, end = end, end + len(part)
        if found and found[-1].font == path:
            begun = found.pop().start
        found.append(Run(begun, end, path))
    return found


@lru_cache(maxsize=16)  # opening one takes 6 ms, and a sheet has hundreds of captions
def face(path: Path, size: float, layout: ImageFont.Layout = ImageFont.Layout.RAQM) -> ImageFont.FreeTypeFont:
    """Raises OSError for a file that is no font, or one of bitmaps of other sizes."""
    # Not ImageFont.truetype: it would look through the user's folders for a file that it could not open.
    return ImageFont.FreeTypeFont(path, size, layout_engine=layout)


def _below(place: Path) -> list[Path]:
    found = [path for path in place.rglob("*") if path.suffix.lower() in _SUFFIXES]
    return sorted(found, key=lambda path: (path.stem != _FIRST, bool(_STYLED.search(path.stem)), path))[:_MOST_FILES]


def _clusters(text: str) -> list[str]:
    """Every character with the marks and joiners on it, which had best be drawn by one font."""
    starts = [at for at, character in enumerate(text) if at == 0 or not _follows(text[at - 1], character)]
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


def _drawable(cluster: str, first: tuple[Path, ...]) -> list[str]:
    """In one piece where a font has all of it, else character by character."""
    return [cluster] if len(cluster) == 1 or _font(cluster, first) else list(cluster)


def _follows(before: str, character: str) -> bool:
    return before == "\u200d" or unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf")


def _is_letter(cluster: str) -> bool:
    return any(unicodedata.bidirectional(character) in ("L", "R", "AL") for character in cluster)


def _beside(character: str, letters: list[Path | None], at: int) -> list[Path]:
    """The font of the letters before; what opens a bracket or a quotation looks at the letters behind it first."""
    before = [path for path in reversed(letters[:at]) if path][:1]
    behind = [path for path in letters[at + 1 :] if path][:1]
    return behind + before if unicodedata.category(character) in ("Ps", "Pi") else before + behind


def _font(part: str, first: tuple[Path, ...]) -> Path | None:
    visible = [character for character in part if not _is_hidden(character)]
    candidates = (*first, *_likely(part[0]))
    return next((path for path in candidates if all(_has(path, character) for character in visible)), None)


def _refuse(character: str) -> Never:
    name = f"U+{ord(character):04X} {unicodedata.name(character, '')}".strip()
    raise MissingFont(
        f"The text has {character!r} ({name}), and no font here can draw it; put a font file that can into the folder"
        " that FONT_DIR names, restart the workers, and try again, or change the text."
    )


def _likely(character: str) -> list[Path]:
    """Every file: the first, then those that are called like the character's script, which saves opening the others."""
    script = re.split(r"\W", unicodedata.name(character, "-").casefold())[0]
    word = "cjk" if script in ("hangul", "hiragana", "katakana") else script
    first, *others = files()
    return [first, *sorted(others, key=lambda path: not word or word not in path.stem.casefold())]


def _is_hidden(character: str) -> bool:
    """HarfBuzz draws nothing for joiners, marks of direction and selectors of variants, whatever the font has."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


@lru_cache(maxsize=16_384)
def _has(path: Path, character: str) -> bool:
    """Pillow does not tell what a font covers: it is not what it draws like its glyph for missing characters."""
    try:
        font = _probe(path)
        return _glyph(font, character) != _glyph(font, _NOBODY_HAS)
    except OSError:
        return False


@lru_cache(maxsize=16)
def _probe(path: Path) -> ImageFont.FreeTypeFont:
    return face(path, _PROBED_AT, ImageFont.Layout.BASIC)


def _glyph(font: ImageFont.FreeTypeFont, character: str) -> tuple[float, tuple[float, float], bytes]:
    mask, offset = font.getmask2(character, "L")
    return font.getlength(character), offset, bytes(mask)
