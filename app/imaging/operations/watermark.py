"""`watermark`: an image or a text on the picture."""

import unicodedata
from math import ceil, cos, radians, sin
from typing import Annotated, ClassVar, Literal, Self

from PIL import Image, ImageOps
from pydantic import AfterValidator, Field, model_validator

from app.imaging import fonts
from app.imaging.colours import from_srgb
from app.imaging.embedded import EmbeddedImage, opened_image
from app.imaging.lettering import REFERENCE, Lettering, drawn, measured
from app.imaging.operation import MAX_SIDE, Colour, Operation, pixels, rgba
from app.imaging.picture import Picture, Size, each, settled
from app.imaging.placement import by_gravity
from app.imaging.resampling import resampled

Place = Literal["center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest"]
Layers = list[tuple[Image.Image, tuple[int, int]]]

_TEXT_SHARE = 0.25
"""Of the picture's width, for a text that says nothing of its size."""
_FINEST = 8.0
"""Pixels to the em below which letters are not drawn, but made smaller from there."""
_STRIP = 256
"""Tiles are pasted in strips of at least so many rows, so that a mark of one pixel is not pasted a million times."""
_REFUSED = {"Cc": "control characters", "Cs": "halves of surrogates", "Zl": "line breaks", "Zp": "line breaks"}
_EMBEDDINGS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _one_line(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    for character in text:
        kind = "controls of direction" if character in _EMBEDDINGS else _REFUSED.get(unicodedata.category(character))
        if kind:
            raise ValueError(f"it has U+{ord(character):04X}; a text is one line without {kind}")
    if all(unicodedata.category(character) in ("Zs", "Cf") for character in text):
        raise ValueError("it has nothing to show")
    return text


Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
_OF_TEXTS = ("font_size", "font", "language", "color", "stroke_width", "stroke_color")


class Watermark(Operation):
    """Put an image or a text on the picture, once or all over it. A mark that is too large is made to fit."""

    example: ClassVar = {"text": "© Darkroom 2026", "gravity": "southeast", "offset_x": 12, "offset_y": 12}

    image: EmbeddedImage | None = Field(
        default=None,
        description="The mark as a data URI: `data:image/png;base64,…`; PNG, JPEG or WebP, at most 200 kB.",
    )
    text: Line | None = Field(
        default=None, description="The mark as one line of text, in any script; at most 200 characters."
    )
    gravity: Place = Field(default="southeast", description="The side or corner at which the mark stands.")
    offset_x: int = pixels(
        "From the gravity's edge inwards, or from the middle to the right; as far as there is room.",
        default=0, ge=-MAX_SIDE, le=MAX_SIDE,
    )  # fmt: skip
    offset_y: int = pixels(
        "From the gravity's edge inwards, or from the middle downwards; as far as there is room.",
        default=0, ge=-MAX_SIDE, le=MAX_SIDE,
    )  # fmt: skip
    opacity: float = Field(default=1, ge=0, le=1, description="0 is invisible, 1 as the mark is.")
    scale: float | None = Field(
        default=None,
        ge=0.001,
        le=1,
        description="Width of the mark, before it is rotated, as a share of the picture's. Without it an image has its"
        " own size, and a text its `font_size` or a quarter of the picture.",
    )
    rotate: float = Field(
        default=0,
        ge=-360,
        le=360,
        description="Turn the mark clockwise by so many degrees.",
        json_schema_extra={"unit": "°"},
    )
    tile: bool = Field(default=False, description="Repeat the mark over the whole picture, beginning at `gravity`.")
    spacing: int = pixels("Room between tiles.", default=32, ge=0, le=4096)
    font_size: float | None = pixels("Size of the letters.", default=None, ge=1, le=2_000)
    font: str | None = Field(
        default=None,
        pattern=r"^[\w][\w .,+\[\]()-]*$",
        max_length=100,
        description="A font file by its name, for example `NotoSansCJK-Regular`: one that comes with Darkroom, or that"
        " is in the folder that FONT_DIR names. What it lacks comes from the others.",
    )
    language: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$",
        description="BCP 47, for example `zh-Hant`: which shapes the characters have that languages write differently."
        " Without it, Chinese is simplified unless there is Japanese or Korean in the text.",
    )
    color: Colour = Field(default="#ffffff", description="Colour of the letters.")
    stroke_width: float = Field(
        default=0.05,
        ge=0,
        le=0.25,
        description="Width of the line around the letters, which makes them readable on any ground; 0 for none.",
        json_schema_extra={"unit": "em"},
    )
    stroke_color: Colour = Field(default="#000000", description="Colour of the line around the letters.")

    @model_validator(mode="after")
    def _is_one_mark(self) -> Self:
        if (self.image is None) == (self.text is None):
            raise ValueError("watermark needs either image or text")
        if self.image is not None:
            for name in _OF_TEXTS:
                if name in self.model_fields_set:
                    raise ValueError(f"{name} is for a text; an image has none")
        if self.scale is not None and self.font_size is not None:
            raise ValueError("scale and font_size exclude each other")
        if "spacing" in self.model_fields_set and not self.tile:
            raise ValueError("spacing is for tiles; it needs tile: true")
        return self

    @property
    def surroundings(self) -> str:
        return fonts.state() if self.text is not None else ""

    def apply(self, picture: Picture) -> Picture:
        """Raises MissingFont, and UnsuitableImage for a damaged mark."""
        picture = settled(picture)
        mark = from_srgb(self._mark(picture.size), picture.space or "srgb")
        place = self._tiles if self.tile else self._once
        layers = list(place(mark, picture.size))
        return each(picture, lambda frame: _marked(frame, layers))

    def _mark(self, size: Size) -> Image.Image:
        """RGBA, as it is put on a picture of this size, and never larger than that."""
        mark = self._lettered(size) if self.image is None else self._embedded(self.image, size)
        mark = _within(_turned(mark, self.rotate), size)
        if self.opacity < 1:
            levels = [int(level * self.opacity + 0.5) for level in range(256)]
            mark.putalpha(mark.getchannel("A").point(levels))
        return mark

    def _embedded(self, uri: str, size: Size) -> Image.Image:
        image = opened_image(uri).convert("RGBA")
        factor = self._factor(image.size, size, None if self.scale is None else self.scale * size[0])
        return resampled(image, _times(image.size, factor))

    def _lettered(self, size: Size) -> Image.Image:
        lettering = Lettering(
            self.text or "", rgba(self.color), self.stroke_width, rgba(self.stroke_color), self.font, self.language
        )
        measure = measured(lettering)
        natural = measure.size
        width = natural[0] * self.font_size / REFERENCE if self.font_size else (self.scale or _TEXT_SHARE) * size[0]
        factor = self._factor(natural, size, width)
        em = REFERENCE * factor
        if not _FINEST <= em <= measure.largest:
            return resampled(drawn(lettering, min(max(em, _FINEST), measure.largest)), _times(natural, factor))
        letters = drawn(lettering, em)
        excess = self._factor(letters.size, size, None)  # glyphs are placed on whole pixels, which adds up
        return letters if excess == 1 else drawn(lettering, em * excess)

    def _factor(self, natural: Size, size: Size, width: float | None) -> float:
        """What a mark of this size is multiplied by: to the width asked for, but no larger than fits, turned."""
        across, down = _turned_size(natural, self.rotate)
        wanted = 1.0 if width is None else width / natural[0]
        return min(wanted, size[0] / across, size[1] / down)

    def _corner(self, mark: Size, size: Size) -> tuple[int, int]:
        """Left and top, which may lie outside."""
        left, top = by_gravity(size, mark, self.gravity)
        x = -self.offset_x if "east" in self.gravity else self.offset_x
        y = -self.offset_y if "south" in self.gravity else self.offset_y
        return left + x, top + y

    def _once(self, mark: Image.Image, size: Size) -> Layers:
        left, top = self._corner(mark.size, size)
        return [(mark, (min(max(left, 0), size[0] - mark.width), min(max(top, 0), size[1] - mark.height)))]

    def _tiles(self, mark: Image.Image, size: Size) -> Layers:
        """Strips of the picture's width; of one mark beside the other where they are high, of more rows otherwise."""
        across, down = mark.width + self.spacing, mark.height + self.spacing
        left, top = self._corner(mark.size, size)
        rows = max(1, _STRIP // down)
        strip = Image.new("RGBA", (size[0], (rows - 1) * down + mark.height))
        for x in range(-(-left % across), size[0], across):
            strip.paste(mark, (x, 0))
        row = strip.crop((0, 0, size[0], mark.height))
        for y in range(down, strip.height, down):
            strip.paste(row, (0, y))
        layers = []
        for y in range(-(-top % down), size[1], rows * down):
            shown = max(0, -y), min(strip.height, size[1] - y)
            if shown[0] < shown[1]:
                layers.append((strip.crop((0, shown[0], size[0], shown[1])), (0, y + shown[0])))
        return layers


def _marked(frame: Image.Image, layers: Layers) -> Image.Image:
    frame = frame.copy()
    for layer, at in layers:
        if frame.mode == "RGBA":
            frame.alpha_composite(layer, at)
        else:
            frame.paste(layer, at, layer)
    return frame


def _times(size: Size, factor: float) -> Size:
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _turned_size(size: Size, degrees: float) -> tuple[float, float]:
    """Width and height of the upright box around a turned one."""
    c, s = abs(cos(radians(degrees))), abs(sin(radians(degrees)))
    return size[0] * c + size[1] * s, size[0] * s + size[1] * c


def _turned(mark: Image.Image, degrees: float) -> Image.Image:
    """Clockwise. A margin of clear pixels around it makes the edges smooth; Pillow premultiplies for the turn."""
    if degrees % 90 == 0:
        return mark.rotate(-degrees, expand=True)
    turned = ImageOps.expand(mark, 1).rotate(-degrees, Image.Resampling.BICUBIC, expand=True)
    width, height = _turned_size(mark.size, degrees)
    return _within(turned, (ceil(width), ceil(height)))


def _within(mark: Image.Image, size: Size) -> Image.Image:
    """Its middle: what stands out is a pixel of a soft edge, from rounding."""
    width, height = min(mark.width, size[0]), min(mark.height, size[1])
    left, top = (mark.width - width) // 2, (mark.height - height) // 2
    return mark.crop((left, top, left + width, top + height))
