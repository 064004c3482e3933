"""`sprite`: all results of a job in one image, with the map of what is where."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import ClassVar, Literal, Self

from PIL import Image
from pydantic import Field, model_validator

from app.errors import NotCollectable
from app.imaging import sheet
from app.imaging.collector import Collected, Collector, Piece
from app.imaging.encoder import Encoder
from app.imaging.encoders import found
from app.imaging.naming import unique
from app.imaging.operation import Colour, pixels
from app.imaging.packing import packed
from app.imaging.picture import Size
from app.imaging.pieces import pixels_of

_NAME = "sprite"
_QUALITY = 90

# What CSS allows in names beyond ASCII, "non-ASCII ident code point" in https://drafts.csswg.org/css-syntax-3/
_IN_NAMES = (
    (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x37D), (0x37F, 0x1FFF), (0x203F, 0x2040), (0x2070, 0x218F), (0x2C00, 0x2FEF),
    (0x3001, 0xD7FF), (0xF900, 0xFDCF), (0xFDF0, 0xFFFD), (0x10000, 0x10FFFF),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    slug: str
    x: int
    y: int
    width: int
    height: int


class Sprite(Collector):
    """One image that holds all results, a JSON map that tells where each one is, and the CSS to show them."""

    example: ClassVar = {"format": "png", "gap": 2}

    format: Literal["png", "webp"] = Field(default="png", description="What the image is saved as.")
    quality: int | None = Field(
        default=None, ge=1, le=100, description=f"Of WebP, 1 to 100; {_QUALITY} where none is given. PNG has none."
    )
    gap: int = pixels("Between the pictures, so that none shines into its neighbour.", default=2, ge=0, le=64)
    background: Colour = Field(default="transparent", description="What is behind and between the pictures.")

    @model_validator(mode="after")
    def _has_a_quality(self) -> Self:
        if self.format == "png" and self.quality is not None:
            raise ValueError("png is lossless and has no quality; leave it out, or take webp")
        return self

    def collect(self, pieces: Sequence[Piece], scratch: Path) -> list[Collected]:
        encoder = self._encoder()
        size, places = packed([(piece.width, piece.height) for piece in pieces], self.gap)
        if reason := sheet.misfit(size, type(encoder)):
            raise NotCollectable(
                f"A sprite of these {len(pieces):,} pictures would be {reason}. Let the recipe make smaller pictures,"
                " or put fewer files into one job."
            )
        image = sheet.blank(size, self.background)
        for piece, place in zip(pieces, places, strict=True):
            sheet.put(image, _expected(piece), place)
        file = scratch / f"{_NAME}.{encoder.extension}"
        sheet.written(image, encoder, file)
        parts = _parts(pieces, places)
        return [
            Collected(_NAME, encoder.extension, encoder.media_type, *size, file),
            _text("json", "application/json", scratch, _map(parts, file.name, size)),
            _text("css", "text/css", scratch, _css(parts, file.name)),
        ]

    def _encoder(self) -> Encoder:
        settings = {} if self.format == "png" else {"quality": self.quality or _QUALITY}
        return found()[self.format](**settings)


def slug(name: str) -> str:
    """The name as the end of a CSS class: letters, marks and digits of any script, in lower case, and hyphens."""
    kept = "".join(one if _in_names(one) else "-" for one in unicodedata.normalize("NFKC", name).lower())
    return "-".join(part for part in kept.split("-") if part) or "picture"


def _numbered(name: str, number: int) -> str:
    return f"{name}-{number}"


def _in_names(character: str) -> bool:
    if character.isascii():
        return character.isalnum()
    code = ord(character)
    return unicodedata.category(character)[0] in "LMN" and any(low <= code <= high for low, high in _IN_NAMES)


def _expected(piece: Piece) -> Image.Image:
    image = pixels_of(piece)
    if image.size != (piece.width, piece.height):
        raise NotCollectable(
            f"A result of {piece.caption} is {image.width} × {image.height} pixels, and was recorded as {piece.width} ×"
            f" {piece.height}. Retry the job."
        )
    return image


def _parts(pieces: Sequence[Piece], places: Sequence[tuple[int, int]]) -> list[_Part]:
    names = unique([PurePath(piece.caption).stem for piece in pieces], _numbered)
    slugs = unique([slug(name) for name in names], _numbered)
    return [
        _Part(name, slug, *place, piece.width, piece.height)
        for name, slug, place, piece in zip(names, slugs, places, pieces, strict=True)
    ]


def _map(parts: Sequence[_Part], image: str, size: Size) -> str:
    sprites = {
        part.name: {
            "x": part.x, "y": part.y, "width": part.width, "height": part.height, "class": f"{_NAME}-{part.slug}",
        }
        for part in parts
    }  # fmt: skip
    document = {"image": image, "width": size[0], "height": size[1], "sprites": sprites}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _css(parts: Sequence[_Part], image: str) -> str:
    rules = [
        f".{_NAME}-{part.slug} {{ width: {part.width}px; height: {part.height}px;"
        f" background-position: {-part.x}px {-part.y}px; }}\n"
        for part in parts
    ]
    head = f'.{_NAME} {{ display: inline-block; background-image: url("{image}"); background-repeat: no-repeat; }}\n'
    return '@charset "UTF-8";\n' + head + "".join(rules)


def _text(extension: str, media_type: str, scratch: Path, content: str) -> Collected:
    path = scratch / f"{_NAME}.{extension}"
    path.write_text(content, encoding="utf-8")
    return Collected(_NAME, extension, media_type, None, None, path)
