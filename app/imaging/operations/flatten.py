"""`flatten`: no transparency."""

from typing import ClassVar

from pydantic import Field

from app.imaging.canvas import flattened
from app.imaging.colours import colour_from_srgb
from app.imaging.operation import Colour, Operation, rgba
from app.imaging.picture import Picture, each, settled


class Flatten(Operation):
    """Put the picture on a ground of one colour. JPEG does so by itself, on white."""

    example: ClassVar = {"background": "#ffcc00"}

    background: Colour = Field(default="#ffffff", description="The ground; its own alpha does not count.")

    def apply(self, picture: Picture) -> Picture:
        picture = settled(picture)
        red, green, blue, _ = colour_from_srgb(rgba(self.background), picture.space)
        return each(picture, lambda frame: flattened(frame, (red, green, blue)))
