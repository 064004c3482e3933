"""`flop`: left and right exchanged, as in a mirror on the wall."""

from dataclasses import replace
from typing import ClassVar

from app.imaging.operation import Operation
from app.imaging.orientation import FLOPPED
from app.imaging.picture import Picture, Size


class Flop(Operation):
    """Mirror the picture, left to right."""

    example: ClassVar = {}

    def share(self, size: Size) -> None:
        """Mirroring works at any scale."""

    def apply(self, picture: Picture) -> Picture:
        return replace(picture, orientation=FLOPPED[picture.orientation], turned=True)
