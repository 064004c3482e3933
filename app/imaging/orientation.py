"""
EXIF orientation: read from the header, applied to the small image, once.

Applied first, it would switch off JPEG's scaled decoding (3.6 times the CPU) and copy the full image. Pillow's TIFF
plugin turns the pixels itself while it loads them and its AVIF plugin reports the container's turn as EXIF, so that
`orientation_of` is right for all formats once the image is loaded; for JPEG it is so from the start.
"""

from PIL import ExifTags, Image

UPRIGHT = 1
_SIDEWAYS = (5, 6, 7, 8)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(image: Image.Image) -> int:
    """
    1 to 8; what is missing, broken or out of range is 1.

    `Image.getexif` is not used: it falls back to XMP, which no browser does, and for PNG it loads the pixels.
    """
    block = image.info.get("exif")
    if not isinstance(block, bytes):
        return UPRIGHT
    exif = Image.Exif()
    try:
        exif.load(block)
        value = exif.get(ExifTags.Base.Orientation, UPRIGHT)
    except MemoryError:
        raise
    except Exception:  # hostile EXIF raises almost anything, and is no reason to refuse the picture
        return UPRIGHT
    return value if isinstance(value, int) and value in _TURNS else UPRIGHT


def displayed(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """The size after the turn. It is its own inverse: it also gives the stored size of a displayed one."""
    width, height = size
    return (height, width) if orientation in _SIDEWAYS else (width, height)


def upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
