"""Decoding, once, into pixels that can be resampled: L, LA, RGB, RGBA, CMYK or LAB, 8 bits a channel."""

import math

from PIL import Image, ImageFile, ImageMath, ImageOps, TiffImagePlugin

from app.imaging.orientation import orientation_of
from app.imaging.picture import Box, Metadata, Picture, Size

Extents = tuple[int, int, int, int]

_RESAMPLED_AS = {"1": "L", "PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}
# PNG gives its transparent colour in the depth of the file, Pillow the pixels in 8 bits: the factor between the two.
_STORED_DEPTH = {"L;2": 85, "L;4": 17}


def decode(image: ImageFile.ImageFile, share: float) -> Picture:
    """Load the first frame; a JPEG at a fraction of its size, where that leaves at least this share of each side."""
    xmp = image.info.pop("xmp", None)  # the TIFF plugin would turn the pixels by it
    full_size = image.size
    box = _draft(image, share)
    stored = _raw_mode(image)
    extents = image.tile[0].extents if image.tile else None
    image.load()
    profile, exif = image.info.get("icc_profile"), image.info.get("exif")
    pixels = _on_canvas(_resampleable(image, stored), image, extents)
    return Picture(
        frames=(pixels,),
        box=box or (0, 0, *full_size),
        stored=full_size,
        orientation=orientation_of(image),
        profile=profile if isinstance(profile, bytes) else None,
        metadata=Metadata(exif if isinstance(exif, bytes) else None, xmp if isinstance(xmp, bytes) else None),
    )


def _draft(image: ImageFile.ImageFile, share: float) -> Box | None:
    """The box of the image in what will be decoded: scaled decoding rounds the last row and column up."""
    if image.format not in ("JPEG", "MPO"):
        return None
    drafted = image.draft(None, _at_least(image.size, share))
    return None if drafted is None else drafted[1]


def _at_least(size: Size, share: float) -> Size:
    width, height = (max(1, math.ceil(side * share - 1e-9)) for side in size)
    return width, height


def _raw_mode(image: ImageFile.ImageFile) -> str:
    arguments = image.tile[0].args if image.tile else None
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _resampleable(image: ImageFile.ImageFile, stored: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _eight_bits(image)
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        image.info["transparency"] = _transparent_colour(image.info["transparency"], stored)
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    mode = _RESAMPLED_AS.get(image.mode)
    return image if mode is None else image.convert(mode)


def _transparent_colour(colour: object, stored: str) -> object:
    if isinstance(colour, int):
        return colour * _STORED_DEPTH.get(stored, 1)
    if isinstance(colour, tuple) and stored == "RGB;16B":
        return tuple(channel >> 8 for channel in colour)  # as Pillow does with the pixels
    return colour


def _eight_bits(image: ImageFile.ImageFile) -> Image.Image:
    """Pillow's own conversion from I;16 clips at 255; this takes the high byte, as Pillow does for 16 bit RGB."""
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    if tags.get(TiffImagePlugin.BITSPERSAMPLE) == (12,):
        grey = image.convert("I").point(lambda value: value * (255 / 4095) + 0.5).convert("L")
    else:
        order = "L;16B" if image.mode == "I;16B" else "L;16"
        grey = Image.frombytes("L", image.size, image.tobytes(), "raw", order)
    if tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0:
        grey = ImageOps.invert(grey)  # white is zero; Pillow heeds this for 8 bits, not for 16
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        opaque = ImageMath.lambda_eval(lambda of: (of["values"] != transparent) * 255, values=image.convert("I"))
        grey.putalpha(opaque.convert("L"))
    return grey


def _on_canvas(pixels: Image.Image, image: ImageFile.ImageFile, extents: Extents | None) -> Image.Image:
    """A first GIF frame smaller than the screen leaves the rest transparent, as browsers show it; Pillow fills it."""
    if image.format != "GIF" or extents is None or extents == (0, 0, *image.size):
        return pixels
    canvas = Image.new("RGBA", image.size)
    canvas.paste(pixels.crop(extents).convert("RGBA"), extents)
    return canvas
