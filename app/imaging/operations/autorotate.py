"""`autorotate`: upright, as the EXIF orientation says."""

from dataclasses import replace
from typing import ClassVar

from app.imaging.operation import Operation
from app.imaging.picture import Picture, Size


class Autorotate(Operation):
    """Turn the pixels upright. Everything comes out upright by itself, unless `strip` keeps the orientation."""

    example: ClassVar = {}

    def share(self, size: Size) -> None:
        """Turning works at any scale."""

    def apply(self, picture: Picture) -> Picture:
        return replace(picture, turned=True)
