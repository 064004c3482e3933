"""Pictures for the judges, and files of them."""

import io

import numpy as np
from PIL import Image, ImageDraw

from .judge import Array, Size


def numbered(size: Size) -> Array:
    """Every pixel says where it is: red counts columns, green rows."""
    width, height = size
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack((x, y, np.full_like(x, 128)), axis=2).astype(np.uint8)


def png(pixels: Array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(pixels: Array, orientation: int = 1) -> bytes:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, subsampling="4:4:4", exif=exif)
    return buffer.getvalue()


def disc(size: Size, at: tuple[float, float], radius: float) -> Array:
    """White on black, with smooth edges."""
    wide = Image.new("L", (size[0] * 4, size[1] * 4))
    edges = (at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius)
    ImageDraw.Draw(wide).ellipse([4 * edge for edge in edges], fill=255)
    grey = np.asarray(wide.reduce(4))
    return np.repeat(grey[:, :, None], 3, axis=2)
