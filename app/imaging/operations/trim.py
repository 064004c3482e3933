"""`trim`: edges of one colour, cut off."""

from typing import ClassVar

from PIL import Image
from pydantic import Field

from app.imaging.colours import Levels, colour_from_srgb
from app.imaging.operation import Colour, Operation, rgba
from app.imaging.picture import Picture, cut, settled


class Trim(Operation):
    """Cut off edges that have all one colour, or are transparent. A picture of nothing else stays as it is."""

    example: ClassVar = {"threshold": 10}
    exact: ClassVar = False

    threshold: float = Field(
        default=10,
        ge=0,
        le=255,
        description="How far a pixel may be from the background, in each channel of 0 to 255, and still be cut off.",
    )
    background: Colour | None = Field(
        default=None, description="The colour of the edges; left out, that of the pixel in the upper left corner."
    )

    def apply(self, picture: Picture) -> Picture:
        """Of an animation everything stays that any frame shows; all frames keep one size."""
        picture = settled(picture)
        background = self._background(picture)
        boxes = [box for frame in picture.frames if (box := self._shown(frame, background))]
        if not boxes:
            return picture
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        box = min(lefts), min(tops), max(rights), max(bottoms)
        return cut(picture, box, (box[2] - box[0], box[3] - box[1]))

    def _background(self, picture: Picture) -> Levels:
        if self.background is not None:
            return colour_from_srgb(rgba(self.background), picture.space)
        corner = picture.image.crop((0, 0, 1, 1)).convert("RGBA").tobytes()
        return corner[0], corner[1], corner[2], corner[3]

    def _shown(self, frame: Image.Image, background: Levels) -> tuple[int, int, int, int] | None:
        """The box of all that differs from the background, in colour or in transparency.

        Colours are compared as they look on the background: what is transparent has none. So does sharp (`Trim` in its
        src/operations.cc), but for its median filter, which takes lines of one pixel for noise.
        """
        seen = frame.convert("RGBA")
        if frame.mode == "RGBA":
            seen = Image.new("RGBA", frame.size, (*background[:3], 255))
            seen.alpha_composite(frame)
            seen.putalpha(frame.getchannel("A"))
        far = [255 * (abs(level - own) > self.threshold) for own in background for level in range(256)]
        return seen.point(far).getbbox(alpha_only=False)
