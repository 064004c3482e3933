"""
EXIF orientation: read from the header, applied to the small image, once.

Applied first, it would switch off JPEG's scaled decoding (3.6 times the CPU) and copy the full image. Pillow's TIFF
plugin turns the pixels itself while it loads them and its AVIF plugin reports the container's turn as EXIF, so that
`orientation_of` is right for all formats once the image is loaded; for JPEG it is so from the start.
"""

from types import MappingProxyType

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

FLOPPED = MappingProxyType({1: 2, 2: 1, 3: 4, 4: 3, 5: 6, 6: 5, 7: 8, 8: 7})
"""The orientation of a picture whose left and right are exchanged once it is upright."""
FLIPPED = MappingProxyType({1: 4, 4: 1, 2: 3, 3: 2, 5: 8, 8: 5, 6: 7, 7: 6})
"""The same for top and bottom."""
TURNED = MappingProxyType({1: 6, 6: 3, 3: 8, 8: 1, 2: 7, 7: 4, 4: 5, 5: 2})
"""The same for a quarter turn clockwise."""


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


def stored_box(
    box: tuple[float, float, float, float], size: tuple[int, int], orientation: int
) -> tuple[float, float, float, float]:
    """Where a part of the displayed picture, whose size that is, lies in the stored pixels."""
    (left, top, right, bottom), (width, height) = box, size
    across, down = (left, right), (top, bottom)
    mirrored, flipped = (width - right, width - left), (height - bottom, height - top)
    x, y = {
        2: (mirrored, down), 3: (mirrored, flipped), 4: (across, flipped),
        5: (down, across), 6: (down, mirrored), 7: (flipped, mirrored), 8: (flipped, across),
    }.get(orientation, (across, down))  # fmt: skip
    return x[0], y[0], x[1], y[1]


def upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
