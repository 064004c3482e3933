"""A text as a picture of its own: shaped by HarfBuzz, in any script, whichever fonts that takes."""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from math import ceil, floor, sqrt
from operator import add
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

from app.imaging import bidi, fonts
from app.imaging.operation import RGBA
from app.imaging.picture import Size

REFERENCE = 100.0
"""Pixels to the em at which a text is measured."""

_LARGEST = 2_000.0
_MOST_PIXELS = 50_000_000
"""Of the line with all that does not show: a dot and 199 spaces are a small mark and a long line."""

_LANGUAGES = (("ja", re.compile("[\u3040-\u30ff]")), ("ko", re.compile("[\u1100-\u11ff\uac00-\ud7a3]")),
              ("zh-Hans", re.compile("[\u3400-\u9fff\U00020000-\U0003ffff]")))  # fmt: skip


_BLACK = (0, 0, 0, 255)


@dataclass(frozen=True, slots=True)
class Lettering:
    """`stroke_width` is counted in ems, so that it grows with the letters; it is drawn around them, below the fill."""

    text: str
    color: RGBA
    stroke_width: float = 0
    stroke_color: RGBA = (0, 0, 0, 255)
    font: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a line in one font and one direction; None where the part is the whole line and FriBidi finds it."""

    text: str
    font: Path
    direction: str | None


@dataclass(frozen=True, slots=True)
class _Placed:
    text: str
    face: ImageFont.FreeTypeFont
    direction: str | None
    x: float


@dataclass(frozen=True, slots=True)
class Measure:
    """`size` is that of what shows, at REFERENCE pixels to the em; `largest` how many a text may be drawn at."""

    size: Size
    largest: float


@lru_cache(maxsize=64)
def measured(lettering: Lettering) -> Measure:
    """Raises MissingFont."""
    mask = _masks(lettering, REFERENCE)[-1]
    left, top, right, bottom = mask.getbbox() or (0, 0, 1, 1)
    largest = REFERENCE * sqrt(_MOST_PIXELS / (mask.width * mask.height))
    return Measure((right - left, bottom - top), min(_LARGEST, largest))


def drawn(lettering: Lettering, size: float) -> Image.Image:
    """RGBA, cut to what shows, at `size` pixels to the em. Raises MissingFont."""
    fill, around = _masks(lettering, size)
    image = _coloured(fill, lettering.color)
    if lettering.stroke_width:
        ground = _coloured(around, lettering.stroke_color)
        image = Image.alpha_composite(ground, image)
    return image.crop(around.getbbox() or (0, 0, 1, 1))


def advance(text: str, size: float) -> float:
    """How long a line is, with the room that its letters keep around them. Raises MissingFont."""
    return sum(
        part.face.getlength(part.text, "L", part.direction, None, _language(text))
        for part in _line(Lettering(text, _BLACK), size, _language(text))
    )


def line(text: str, size: float) -> tuple[Image.Image, tuple[int, int]]:
    """What the letters of a line that is not empty cover, and where in that it begins, on its baseline.

    Raises MissingFont.
    """
    lettering = Lettering(text, _BLACK)
    left, top, *_ = _bounds(_line(lettering, size, _language(text)), _language(text), 0)
    return _masks(lettering, size)[0], (-left, -top)


def _coloured(mask: Image.Image, colour: RGBA) -> Image.Image:
    image = Image.new("RGBA", mask.size, (*colour[:3], 0))
    image.putalpha(mask.point([round(level * colour[3] / 255) for level in range(256)]))
    return image


def _masks(lettering: Lettering, size: float) -> tuple[Image.Image, Image.Image]:
    """What the fill covers, and what fill and stroke cover together."""
    language = lettering.language or _language(lettering.text)
    line, stroke = _line(lettering, size, language), lettering.stroke_width * size
    left, top, right, bottom = _bounds(line, language, stroke)

    def mask(width: float) -> Image.Image:
        image = Image.new("L", (right - left, bottom - top))
        pen = ImageDraw.Draw(image)
        for part in line:
            at = (part.x - left, -top)
            pen.text(
                at, part.text, 255, part.face, "ls", direction=part.direction, language=language, stroke_width=width
            )
        return image

    fill = mask(0)
    return fill, ImageChops.lighter(fill, mask(stroke)) if stroke else fill


def _bounds(line: list[_Placed], language: str | None, stroke: float) -> tuple[int, int, int, int]:
    """Around all that is drawn, with a pixel to spare: the baseline is at 0, and glyphs begin between pixels."""
    boxes = [part.face.getbbox(part.text, "L", part.direction, None, language, stroke, "ls") for part in line]
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    starts = [part.x for part in line]
    return (
        floor(min(map(add, starts, lefts))) - 1,
        floor(min(tops)) - 1,
        ceil(max(map(add, starts, rights))) + 1,
        ceil(max(bottoms)) + 1,
    )


def _line(lettering: Lettering, size: float, language: str | None) -> list[_Placed]:
    """Every piece in its place, from left to right."""
    line, x = [], 0.0
    for piece in _pieces(lettering.text, lettering.font):
        face = fonts.face(piece.font, size)
        line.append(_Placed(piece.text, face, piece.direction, x))
        x += face.getlength(piece.text, "L", piece.direction, None, language)
    return line


def _pieces(text: str, font: str | None) -> list[_Piece]:
    runs = fonts.runs(text, font)
    if len(runs) == 1:
        return [_Piece(text, runs[0].font, None)]
    levels = bidi.levels(text)
    parts: list[tuple[int, _Piece]] = []
    for run in runs:
        start = run.start
        for level, part in groupby(levels[run.start : run.end]):
            end = start + len(list(part))
            parts.append((level, _Piece(text[start:end], run.font, "rtl" if level % 2 else "ltr")))
            start = end
    return [piece for _, piece in bidi.visual(parts, lambda part: part[0])]


def _language(text: str) -> str | None:
    """Chinese characters have other shapes in Japanese and Korean; the syllables around them tell which are meant."""
    return next((language for language, letters in _LANGUAGES if letters.search(text)), None)
