"""Pictures with edges, texture and smooth places, as photographs have; nothing here imports the code under test."""

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .pictures import gradient, noise


def scene(size: tuple[int, int] = (72, 60)) -> Image.Image:
    """A sky, a disc, a fence, and grain on the lower half."""
    width, height = size
    image = gradient(size)
    draw = ImageDraw.Draw(image)
    draw.ellipse((width // 8, height // 8, width // 2, height // 2), fill=(220, 180, 40))
    for x in range(0, width, 7):
        draw.line((x, height // 2, x + 3, height), fill=(30, 20, 10))
    grain = noise(size).filter(ImageFilter.GaussianBlur(1))
    lower = Image.new("L", size)
    lower.paste(255, (0, height // 2, width, height))
    return Image.composite(ImageChops.overlay(image, grain), image, lower)
