"""Pictures small enough for a page."""

import io

from PIL import Image


def shrunk(data: bytes, side: int) -> bytes:
    """As WebP, with no side longer than this."""
    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80, method=6)
    return buffer.getvalue()
