"""One large image that pieces are pasted into, and its file."""

from pathlib import Path

from PIL import Image

from app.imaging.encoder import Encoder
from app.imaging.operation import MAX_SIDE, rgba
from app.imaging.picture import Size, of

MAX_PIXELS = 50_000_000
"""Of one sheet: 200 MB with transparency; the encoder holds a copy of it, and the file."""


def misfit(size: Size, encoder: type[Encoder]) -> str | None:
    """Why a sheet of this size can not be made, as the end of a sentence; None where it can."""
    width, height = size
    longest = min(encoder.max_side, MAX_SIDE)
    if max(size) > longest:
        return f"{width:,} × {height:,} pixels; a side of a {encoder.human_name} is at most {longest:,}"
    if width * height > MAX_PIXELS:
        return (
            f"{width:,} × {height:,} = {width * height / 1e6:.1f} megapixels; at most {MAX_PIXELS / 1e6:.0f} are made"
        )
    return None


def blank(size: Size, background: str) -> Image.Image:
    """RGB where the background is opaque, else RGBA."""
    colour = rgba(background)
    return Image.new("RGB", size, colour[:3]) if colour[3] == 255 else Image.new("RGBA", size, colour)


def put(sheet: Image.Image, image: Image.Image, at: tuple[int, int]) -> None:
    """Lay an RGB or RGBA image over the sheet."""
    if sheet.mode == "RGBA":
        sheet.alpha_composite(image.convert("RGBA"), at)
    else:
        sheet.paste(image, at, image.getchannel("A") if image.mode == "RGBA" else None)


def written(sheet: Image.Image, encoder: Encoder, path: Path) -> Path:
    path.write_bytes(encoder.encode(of(sheet)).data)
    return path
