"""`mask`: cut to a shape, or by an image."""

from typing import ClassVar, Literal, Self

from PIL import Image, ImageChops
from pydantic import Field, model_validator

from app.imaging.canvas import placed_on
from app.imaging.embedded import EmbeddedImage, opened_image
from app.imaging.operation import Colour, Operation
from app.imaging.picture import Picture, Size
from app.imaging.resampling import resampled
from app.imaging.shapes import circle, drawn, shaped, superellipse


class Mask(Operation):
    """Cut the picture to a `shape`, or let an `image` say how much of each pixel stays."""

    example: ClassVar = {"shape": "squircle"}

    shape: Literal["circle", "ellipse", "squircle"] | None = Field(
        default=None,
        description="`circle`: the largest in the middle; `ellipse` and `squircle`, which is fuller,"
        " reach to all four sides.",
    )
    image: EmbeddedImage | None = Field(
        default=None,
        description="A PNG, JPEG or WebP as a data URI of at most 200 kB, stretched over the picture. What is white in"
        " it stays, what is black or transparent goes.",
    )
    background: Colour = Field(default="transparent", description="What is to be seen where the picture is cut away.")

    @model_validator(mode="after")
    def _has_one_mask(self) -> Self:
        if (self.shape is None) == (self.image is None):
            raise ValueError("mask needs either shape or image")
        return self

    def apply(self, picture: Picture) -> Picture:
        size = picture.size
        return placed_on(shaped(picture, self._mask(size)), size, (0, 0), self.background)

    def _mask(self, size: Size) -> Image.Image:
        if self.image is not None:
            return resampled(_luminance(opened_image(self.image)), size)
        if self.shape == "circle":
            return drawn(size, circle(size))
        return drawn(size, superellipse(size, 2 if self.shape == "ellipse" else 4))


def _luminance(image: Image.Image) -> Image.Image:
    """Luma of ITU-R 601 × alpha, 0 to 255."""
    luma = image.convert("RGB").convert("L")
    return ImageChops.multiply(luma, image.getchannel("A")) if image.mode == "RGBA" else luma
