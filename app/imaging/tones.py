"""Changes of colour, pixel by pixel, and how light a colour is. Alpha is never touched."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from PIL import Image

from app.imaging.colours import Space
from app.imaging.picture import Picture, each, settled

Weights = tuple[float, float, float]

WEIGHTS: Mapping[Space, Weights] = MappingProxyType(
    {"srgb": (0.2126, 0.7152, 0.0722), "display-p3": (0.2290, 0.6917, 0.0793)}
)
"""What red, green and blue add to lightness: the Y row of each space's matrix to CIE XYZ.

For sRGB, ITU-R BT.709 (https://www.itu.int/rec/R-REC-BT.709) and CSS's grayscale(); for Display P3,
https://www.w3.org/TR/css-color-4/#color-conversion-code.
"""


def space_of(picture: Picture) -> Space:
    """The space of a settled picture."""
    return picture.space or "srgb"


def luma(colours: Image.Image, space: Space) -> Image.Image:
    """L: the weighted sum of the values as they are encoded, like CSS does it and unlike luminance, which is of light.

    A grey keeps its value.
    """
    return colours.convert("L", (*WEIGHTS[space], 0))


def recoloured(picture: Picture, change: Callable[[Image.Image], Image.Image]) -> Picture:
    """Every frame changed by what `change` makes of its RGB; settles the picture."""

    def changed(frame: Image.Image) -> Image.Image:
        if frame.mode == "RGB":
            return change(frame)
        result = change(frame.convert("RGB"))
        result.putalpha(frame.getchannel("A"))
        return result

    return each(settled(picture), changed)
