"""Putting a picture on a larger ground."""

import math

from PIL import Image

from app.imaging.colours import colour_from_srgb
from app.imaging.operation import rgba
from app.imaging.picture import Picture, Size, each, settled


def placed_on(picture: Picture, size: Size, at: tuple[int, int], background: str) -> Picture:
    """The picture with its left upper corner `at` a place on a ground of this size and colour, given in sRGB."""
    picture = settled(picture)
    colour = colour_from_srgb(rgba(background), picture.space)

    def put(frame: Image.Image) -> Image.Image:
        if colour[3] == 255:
            ground = Image.new("RGB", size, colour[:3])
            ground.paste(frame, at, frame if frame.mode == "RGBA" else None)
            return ground
        ground = Image.new("RGBA", size, colour)
        if colour[3] == 0:
            ground.paste(frame.convert("RGBA"), at)
        else:
            ground.alpha_composite(frame.convert("RGBA"), at)
        return ground

    return each(picture, put)


def flattened(image: Image.Image, colour: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """RGB: on a ground of one colour, given as the pixels have it; an image without alpha is itself."""
    if image.mode == "RGB":
        return image
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, colour)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def mirrored(image: Image.Image, left: int, top: int, right: int, bottom: int) -> Image.Image:
    """The image with so many pixels more on each side, reflected at its edges as often as that takes."""
    across = _row(image, left, right)
    if not top and not bottom:
        return across
    return _row(across.transpose(Image.Transpose.TRANSPOSE), top, bottom).transpose(Image.Transpose.TRANSPOSE)


def _row(image: Image.Image, left: int, right: int) -> Image.Image:
    """The image and its mirror image in turn, side by side."""
    width, height = image.size
    row = Image.new(image.mode, (left + width + right, height))
    twin = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for at in range(-math.ceil(left / width), math.ceil(right / width) + 1):
        row.paste(twin if at % 2 else image, (left + at * width, 0))
    return row
