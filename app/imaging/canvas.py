"""Putting a picture on a larger ground."""

from PIL import Image

from app.imaging.operation import rgba
from app.imaging.picture import Picture, Size, each, settled


def placed_on(picture: Picture, size: Size, at: tuple[int, int], background: str) -> Picture:
    """The picture with its left upper corner `at` a place on a ground of this size and colour."""
    colour = rgba(background)

    def put(frame: Image.Image) -> Image.Image:
        if colour[3] == 255 and frame.mode == "RGB":
            ground = Image.new("RGB", size, colour[:3])
            ground.paste(frame, at)
            return ground
        ground = Image.new("RGBA", size, colour)
        if colour[3] == 0:
            ground.paste(frame.convert("RGBA"), at)
        else:
            ground.alpha_composite(frame.convert("RGBA"), at)
        return ground

    return each(settled(picture), put)


def flattened(image: Image.Image, background: str = "#ffffff") -> Image.Image:
    """RGB: on a ground of one opaque colour; an image without alpha is itself."""
    if image.mode == "RGB":
        return image
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, rgba(background)[:3])
    ground.paste(image, mask=image.getchannel("A"))
    return ground
