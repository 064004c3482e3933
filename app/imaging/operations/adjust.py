"""`adjust`: brightness, contrast, saturation and gamma."""

from collections.abc import Callable
from typing import ClassVar

from PIL import Image
from pydantic import Field

from app.imaging.operation import Operation
from app.imaging.picture import Picture
from app.imaging.tones import recoloured


class Adjust(Operation):
    """Change the tones, in this order: brightness, contrast, saturation, gamma. 1 leaves each as it is.

    The first three are the CSS filters of these names (https://www.w3.org/TR/filter-effects-1/): on the values as they
    are encoded, from 0 to 1, cut off there after each.
    """

    example: ClassVar = {"brightness": 1.1, "contrast": 1.2, "saturation": 1.4}

    brightness: float = Field(
        default=1,
        ge=0,
        le=10,
        description="Multiplies every value, as CSS's brightness(): 0 is black, 2 twice as bright.",
    )
    contrast: float = Field(
        default=1,
        ge=0,
        le=10,
        description="Multiplies the distance to middle grey, as CSS's contrast(): 0 is grey.",
    )
    saturation: float = Field(
        default=1, ge=0, le=10, description="How colourful, as CSS's saturate(): 0 is grey, 2 twice as colourful."
    )
    gamma: float = Field(
        default=1,
        ge=0.1,
        le=10,
        description="More than 1 lightens the shadows and keeps black and white, less darkens them: value^(1/gamma), as"
        " ImageMagick's -gamma.",
    )

    def apply(self, picture: Picture) -> Picture:
        if self.brightness == self.contrast == self.saturation == self.gamma == 1:
            return picture
        return recoloured(picture, self._adjusted)

    def _adjusted(self, colours: Image.Image) -> Image.Image:
        if self.saturation == 1:
            return colours.point(_table(lambda value: self._curved(self._lit(value))))
        colours = colours.point(_table(self._lit)).convert("RGB", _saturate(self.saturation))
        return colours if self.gamma == 1 else colours.point(_table(self._curved))

    def _lit(self, value: float) -> float:
        """feFuncR/G/B type="linear": slope and intercept of brightness(), then of contrast()."""
        value = _clamped(value * self.brightness)
        return _clamped(value * self.contrast - 0.5 * self.contrast + 0.5)

    def _curved(self, value: float) -> float:
        return float(value ** (1 / self.gamma))


def _saturate(by: float) -> tuple[float, ...]:
    """https://www.w3.org/TR/filter-effects-1/#elementdef-fecolormatrix, type="saturate": three rows, no offset."""
    return (
        0.213 + 0.787 * by, 0.715 - 0.715 * by, 0.072 - 0.072 * by, 0,
        0.213 - 0.213 * by, 0.715 + 0.285 * by, 0.072 - 0.072 * by, 0,
        0.213 - 0.213 * by, 0.715 - 0.715 * by, 0.072 + 0.928 * by, 0,
    )  # fmt: skip


def _clamped(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _table(curve: Callable[[float], float]) -> list[int]:
    """For each of the three channels; rounded half up."""
    return [int(curve(level / 255) * 255 + 0.5) for level in range(256)] * 3
