"""GIF: animations that play everywhere, with few colours."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, ClassVar

from PIL import GifImagePlugin, Image, ImageChops
from pydantic import Field

from app.imaging.encoder import Encoder
from app.imaging.picture import Picture

_KEEP, _CLEAR = 1, 2
_MAX_REPETITIONS = 65_535
_MAX_CENTISECONDS = 65_535
_FAST_MILLISECONDS = 10
"""Browsers show what says that it is this short for ten times as long."""


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A frame as RGB, and where it is to be drawn: white; None is everywhere."""

    image: Image.Image
    drawn: Image.Image | None


class Gif(Encoder):
    """Up to 256 colours in each frame, pixels that are opaque or not at all, and animation."""

    pillow_name: ClassVar = "GIF"
    human_name: ClassVar = "GIF"
    media_type: ClassVar = "image/gif"
    extension: ClassVar = "gif"
    max_side: ClassVar = 65_535  # 16 bits
    animates: ClassVar = True

    colors: int = Field(default=256, ge=2, le=256, description="Most colours of a frame; transparency counts as one.")
    dither: bool = Field(
        default=True,
        description="Mix the colours that are there for those that are not, by Floyd and Steinberg: smoother, larger."
        " A frame that has few enough colours stays exact.",
    )

    def options(self) -> dict[str, Any]:
        return {}

    def write(self, picture: Picture, options: Mapping[str, Any], buffer: IO[bytes]) -> None:
        """Every frame is written, with a palette of its own; what stays the same from one to the next is not drawn.

        Where something disappears, only a frame that is cleared away can make it do so: then all are drawn in full.
        """
        buffer.write(b"GIF89a" + b"".join(side.to_bytes(2, "little") for side in picture.size) + b"\x70\0\0")
        if picture.animated and picture.loop != 1:
            repetitions = min(max(picture.loop - 1, 0), _MAX_REPETITIONS)
            buffer.write(b"!\xff\x0bNETSCAPE2.0\x03\x01" + repetitions.to_bytes(2, "little") + b"\0")
        masks = [_opaque(frame) for frame in picture.frames]
        clears = any(_disappears(before, after) for before, after in itertools.pairwise(masks))
        times = _centiseconds(picture.durations) if picture.animated else [0]
        drawings = _in_full(picture, masks) if clears else _changes(picture, masks)
        # Some readers leave and clear to transparency only where the frame has a transparent colour.
        transparent = any(mask is not None for mask in masks)
        for drawing, time in zip(drawings, times, strict=True):
            buffer.write(self._frame(drawing, time, _CLEAR if clears else _KEEP, transparent))
        buffer.write(b";")

    def _frame(self, drawing: _Drawing, centiseconds: int, disposal: int, transparent: bool) -> bytes:
        mask = drawing.drawn or Image.new("L", drawing.image.size, 255)
        box = mask.getbbox() or (0, 0, 1, 1)  # nothing to draw: one pixel, which is transparent
        mask, part = mask.crop(box), drawing.image.crop(box)
        extra: dict[str, Any] = {}
        if transparent or mask.getextrema() != (255, 255):
            part = self._paletted(_filled(part, mask), self.colors - 1)
            extra["transparency"] = _make_transparent(part, ImageChops.invert(mask))
        else:
            part = self._paletted(part, self.colors)
        blocks = GifImagePlugin.getdata(
            part, box[:2], duration=centiseconds * 10, disposal=disposal, include_color_table=True, **extra
        )
        return b"".join(blocks)

    def _paletted(self, part: Image.Image, colours: int) -> Image.Image:
        """Median cut keeps colours exact where there are few enough of them."""
        paletted = part.quantize(colours, Image.Quantize.MEDIANCUT)
        if self.dither and part.getcolors(colours) is None:
            return part.quantize(palette=paletted, dither=Image.Dither.FLOYDSTEINBERG)
        return paletted


def _in_full(picture: Picture, masks: list[Image.Image | None]) -> Iterator[_Drawing]:
    for frame, mask in zip(picture.frames, masks, strict=True):
        yield _Drawing(_colours(frame), mask)


def _changes(picture: Picture, masks: list[Image.Image | None]) -> Iterator[_Drawing]:
    """What was not opaque before, and what was but had another colour."""
    before: Image.Image | None = None
    opaque_before: Image.Image | None = None
    for frame, mask in zip(picture.frames, masks, strict=True):
        image = _colours(frame)
        if before is None:
            yield _Drawing(image, mask)
        else:
            drawn = _changed(before, image)
            if opaque_before is not None:
                drawn = ImageChops.lighter(drawn, ImageChops.invert(opaque_before))
            yield _Drawing(image, drawn if mask is None else ImageChops.darker(drawn, mask))
        before, opaque_before = image, mask


def _colours(frame: Image.Image) -> Image.Image:
    return frame if frame.mode == "RGB" else frame.convert("RGB")


def _opaque(frame: Image.Image) -> Image.Image | None:
    """White where it is, at half or more; None where it is everywhere."""
    if frame.mode != "RGBA":
        return None
    mask = frame.getchannel("A").point([0] * 128 + [255] * 128)
    return None if mask.getextrema() == (255, 255) else mask


def _disappears(before: Image.Image | None, after: Image.Image | None) -> bool:
    if after is None:
        return False
    return before is None or ImageChops.subtract(before, after).getbbox() is not None


def _changed(before: Image.Image, after: Image.Image) -> Image.Image:
    red, green, blue = ImageChops.difference(before, after).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue).point([0] + [255] * 255)


def _filled(part: Image.Image, mask: Image.Image) -> Image.Image:
    """What is not seen takes a colour that is, so that it has no say in the palette and its errors go nowhere."""
    box = mask.getbbox()
    if box is None:
        return part
    left, *_ = mask.crop((0, box[1], mask.width, box[1] + 1)).getbbox() or box
    filled = Image.new("RGB", part.size, part.getpixel((left, box[1])))
    filled.paste(part, mask=mask)
    return filled


def _make_transparent(part: Image.Image, where: Image.Image) -> int:
    """One more colour in the palette; its index."""
    assert part.palette is not None
    index = len(part.palette.palette) // 3
    part.putpalette(bytes(part.palette.palette) + b"\0\0\0")
    part.paste(index, mask=where)
    return index


def _centiseconds(durations: tuple[int, ...]) -> list[int]:
    """Rounded so that nothing adds up; but what takes longer than browsers believe is not made shorter than that."""
    written: list[int] = []
    rest = 0
    for duration in durations:
        if duration <= _FAST_MILLISECONDS:
            hundredths = round(duration / 10)
        else:
            hundredths = min(max(2, round((duration + rest) / 10)), _MAX_CENTISECONDS)
        written.append(hundredths)
        rest = max(-5, min(5, duration + rest - hundredths * 10))
    return written
