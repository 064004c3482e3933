"""`grayscale`: no colours."""

from typing import ClassVar

from PIL import Image

from app.imaging.operation import Operation
from app.imaging.picture import Picture, settled
from app.imaging.tones import luma, recoloured, space_of


class Grayscale(Operation):
    """Take the colours out, as CSS's grayscale(): 0.2126 red + 0.7152 green + 0.0722 blue (ITU-R BT.709)."""

    example: ClassVar = {}

    def apply(self, picture: Picture) -> Picture:
        picture = settled(picture)
        return recoloured(picture, lambda colours: Image.merge("RGB", (luma(colours, space_of(picture)),) * 3))
