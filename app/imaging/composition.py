"""The frames of an animation, put together from the parts of them that a GIF or an APNG stores.

As browsers do it, which is not quite as Pillow does it: what is cleared becomes transparent, also where the file has no
other transparency; what no frame has painted is transparent; a frame that does not say what becomes of it stays.
"""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PIL import Image

from app.imaging.picture import Size


class Disposal(enum.Enum):
    """What becomes of a part once its time is over."""

    KEEP = enum.auto()
    CLEAR = enum.auto()
    RESTORE = enum.auto()
    """What it covered comes back."""


@dataclass(frozen=True, slots=True)
class Part:
    """Pixels with their left upper corner `at` a place of the canvas; L and LA, or RGB and RGBA, for a whole animation.

    They go over what is there, or take its place, transparency and all, where the part `replaces`.
    """

    image: Image.Image
    at: tuple[int, int]
    disposal: Disposal
    replaces: bool = False


def composed(parts: Iterable[Part], canvas: Size) -> Iterator[Image.Image]:
    """What is shown after each part has been put on the canvas, which is transparent at first."""
    below: Image.Image | None = None  # nothing but transparency
    for part in parts:
        shown = _with(part, below, canvas)
        yield shown
        match part.disposal:
            case Disposal.KEEP:
                below = shown
            case Disposal.CLEAR:
                below = _without(part, shown)


def _with(part: Part, below: Image.Image | None, canvas: Size) -> Image.Image:
    image = _opaque_if_it_is(part.image)
    if _covers(part, canvas) and (below is None or part.replaces or not _transparent(image)):
        return image
    if below is None:
        below = Image.new("LA" if image.mode in ("L", "LA") else "RGBA", canvas)
    elif part.replaces and _transparent(image) and not _transparent(below):
        below = below.convert(below.mode + "A")
    shown = below.copy()
    if part.replaces or not _transparent(image):
        shown.paste(_as(shown.mode, image), part.at)
    elif _transparent(shown):
        shown.alpha_composite(_as(shown.mode, image), part.at)
    else:
        shown.paste(image.convert(shown.mode), part.at, image.getchannel("A"))
    return shown


def _without(part: Part, shown: Image.Image) -> Image.Image | None:
    if _covers(part, shown.size):
        return None
    left, top = part.at
    rest = shown.copy() if _transparent(shown) else shown.convert(shown.mode + "A")
    rest.paste((0,) * len(rest.getbands()), (left, top, left + part.image.width, top + part.image.height))
    return rest


def _covers(part: Part, canvas: Size) -> bool:
    return part.at == (0, 0) and part.image.width >= canvas[0] and part.image.height >= canvas[1]


def _transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "RGBA")


def _as(mode: str, image: Image.Image) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def _opaque_if_it_is(image: Image.Image) -> Image.Image:
    """Many a file declares a transparency that it does not use where it begins, which all that follows is put on."""
    if _transparent(image) and image.getchannel("A").getextrema() == (255, 255):
        return image.convert(image.mode.removesuffix("A"))
    return image
