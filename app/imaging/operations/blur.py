"""`blur`: a Gaussian blur."""

from typing import ClassVar

from PIL import Image, ImageFilter

from app.imaging.operation import Operation, pixels
from app.imaging.picture import Picture, each, settled


class Blur(Operation):
    """Blur the picture. Its edges stay opaque, as if the outermost pixels went on for ever."""

    example: ClassVar = {"sigma": 6}

    sigma: float = pixels(
        "Standard deviation of the Gaussian; details smaller than about twice that go.", ge=0.3, le=1000
    )

    def apply(self, picture: Picture) -> Picture:
        return each(settled(picture), lambda frame: blurred(frame, self.sigma))


def blurred(image: Image.Image, sigma: float) -> Image.Image:
    """Of the same mode; the colours of transparent pixels do not bleed into the others.

    Pillow runs three box blurs of together this variance, at a cost that does not grow with sigma: the approximation
    that https://www.w3.org/TR/filter-effects-1/#feGaussianBlurElement allows, with boxes that end between two pixels
    (Gwosdek et al., Theoretical Foundations of Gaussian Convolution by Extended Box Filtering, 2011).
    """
    gaussian = ImageFilter.GaussianBlur(sigma)
    premultiplied = {"RGBA": "RGBa", "LA": "La"}.get(image.mode)
    if premultiplied is None:
        return image.filter(gaussian)
    return image.convert(premultiplied).filter(gaussian).convert(image.mode)
