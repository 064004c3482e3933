"""`sharpen`: unsharp masking."""

from typing import ClassVar

from PIL import Image, ImageChops
from pydantic import Field

from app.imaging.colours import Space
from app.imaging.operation import Operation, pixels
from app.imaging.operations.blur import blurred
from app.imaging.picture import Picture, each, settled
from app.imaging.tones import luma, space_of


class Sharpen(Operation):
    """Make edges crisper: an unsharp mask on the lightness, so that edges get no coloured fringes."""

    example: ClassVar = {"sigma": 1.5, "amount": 1.5}

    sigma: float = pixels("How far around an edge: the standard deviation of the blur.", default=1, ge=0.3, le=10)
    amount: float = Field(
        default=1,
        ge=0,
        le=10,
        description="How much of the difference to the blurred picture is added; 0 adds nothing.",
    )
    threshold: int = Field(
        default=0,
        ge=0,
        le=255,
        description="Differences up to this are left alone, which keeps noise and skin smooth.",
        json_schema_extra={"unit": "levels of 255"},
    )

    def apply(self, picture: Picture) -> Picture:
        picture = settled(picture)
        return each(picture, lambda frame: self._sharpened(frame, space_of(picture)))

    def _sharpened(self, frame: Image.Image, space: Space) -> Image.Image:
        """Lightness + amount × (lightness − blurred lightness), as a shift that is the same for red, green and blue.

        Shifting all three alike is what changing Y of Y'CbCr does. libvips and sharp do it to L of CIELAB;
        ImageMagick's -unsharp and Pillow's UnsharpMask sharpen each channel for itself, which colours the edges.
        """
        colours = frame.convert("RGB")
        light, soft = self._lightness(colours, frame, space)
        gain = self._gain()
        brighter = ImageChops.subtract(light, soft).point(gain)
        darker = ImageChops.subtract(soft, light).point(gain)
        # Nowhere are both more than nothing, so the order does not matter and nothing is clipped on the way.
        sharp = ImageChops.subtract(ImageChops.add(colours, _threefold(brighter)), _threefold(darker))
        if frame.mode == "RGBA":
            sharp.putalpha(frame.getchannel("A"))
        return sharp

    def _lightness(self, colours: Image.Image, frame: Image.Image, space: Space) -> tuple[Image.Image, Image.Image]:
        """The lightness as it is, and blurred. Both are rounded alike by their alpha, so that no edge comes of that."""
        light = luma(colours, space)
        if frame.mode == "RGBA":
            light = Image.merge("LA", (light, frame.getchannel("A"))).convert("La").convert("LA")
        return light.getchannel("L"), blurred(light, self.sigma).getchannel("L")

    def _gain(self) -> list[int]:
        """What a difference of 0, 1, … 255 is worth."""
        return [min(255, int(by * self.amount + 0.5)) if by > self.threshold else 0 for by in range(256)]


def _threefold(channel: Image.Image) -> Image.Image:
    return Image.merge("RGB", (channel,) * 3)
