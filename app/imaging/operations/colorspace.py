"""`colorspace`: sRGB, or Display P3."""

from typing import ClassVar

from pydantic import Field

from app.imaging.colours import Space
from app.imaging.operation import Operation
from app.imaging.picture import Picture, Size, settled


class Colorspace(Operation):
    """Bring the colours into a space. Without it, everything becomes sRGB."""

    example: ClassVar = {"to": "display-p3"}

    to: Space = Field(
        description="`srgb`, which every screen shows alike; or `display-p3`, for pictures with colours outside sRGB:"
        " those are kept and the file is tagged. A picture that is sRGB stays so.",
    )

    def share(self, size: Size) -> float:
        return 1.0

    def apply(self, picture: Picture) -> Picture:
        return settled(picture, self.to)
