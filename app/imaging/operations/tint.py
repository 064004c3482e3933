"""`tint`: one hue."""

from functools import lru_cache
from typing import ClassVar

from PIL import Image
from pydantic import Field

from app.imaging import cie
from app.imaging.colours import Space
from app.imaging.operation import Colour, Operation, rgba
from app.imaging.picture import Picture, settled
from app.imaging.tones import luma, recoloured, space_of


class Tint(Operation):
    """Colour the picture in shades of one hue, as sharp's `tint` does: lightness stays, so black and white stay too."""

    example: ClassVar = {"color": "#ff9a00"}

    color: Colour = Field(description="Hue and strength of the shades; neither its lightness nor its alpha counts.")

    def apply(self, picture: Picture) -> Picture:
        picture = settled(picture)
        space = space_of(picture)
        table = _shades(self.color, space)
        return recoloured(picture, lambda colours: Image.merge("RGB", (luma(colours, space),) * 3).point(table))


@lru_cache(maxsize=8)
def _shades(color: str, space: Space) -> list[int]:
    """The red of every grey from 0 to 255, then the green, then the blue.

    CIELAB's L* is that of the grey; a* and b* are the colour's times 1 − 4 (L*/100 − ½)², so that they fade out towards
    black and white, where there is no room for them: Tint() in
    https://github.com/lovell/sharp/blob/v0.35.5/src/operations.cc. sharp takes the grey of the luminance, this that of
    the luma, as `grayscale` does.
    """
    red, green, blue, _ = rgba(color)
    _, a, b = cie.lab((red, green, blue))
    shades = []
    for grey in range(256):
        lightness, _, _ = cie.lab((grey, grey, grey))
        room = 1 - 4 * (lightness / 100 - 0.5) ** 2
        shades.append(cie.encoded((lightness, a * room, b * room), space))
    return [shade[channel] for channel in range(3) for shade in shades]
