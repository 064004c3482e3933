"""`flip`: upside down, as in a mirror on the floor."""

from dataclasses import replace
from typing import ClassVar

from app.imaging.operation import Operation
from app.imaging.orientation import FLIPPED
from app.imaging.picture import Picture, Size


class Flip(Operation):
    """Mirror the picture, top to bottom."""

    example: ClassVar = {}

    def share(self, size: Size) -> None:
        """Mirroring works at any scale."""

    def apply(self, picture: Picture) -> Picture:
        return replace(picture, orientation=FLIPPED[picture.orientation], turned=True)
