"""CIE XYZ and CIELAB of single colours: for tables and small pictures, not pixel by pixel.

Matrices and curve: https://www.w3.org/TR/css-color-4/#color-conversion-code; L*a*b*: CIE 15:2004, 8.2.1. The white is
D65, that of sRGB and of libvips, not the D50 of ICC profiles.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.imaging.colours import Space

Triple = tuple[float, float, float]

WHITE: Triple = (0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290)
"""X, Y, Z of D65."""

_TO_XYZ: tuple[Triple, ...] = (
    (506752 / 1228815, 87881 / 245763, 12673 / 70218),
    (87098 / 409605, 175762 / 245763, 12673 / 175545),
    (7918 / 409605, 87881 / 737289, 1001167 / 1053270),
)
_FROM_XYZ: Mapping[Space, tuple[Triple, ...]] = MappingProxyType(
    {
        "srgb": (
            (12831 / 3959, -329 / 214, -1974 / 3959),
            (-851781 / 878810, 1648619 / 878810, 36519 / 878810),
            (705 / 12673, -2585 / 12673, 705 / 667),
        ),
        "display-p3": (
            (446124 / 178915, -333277 / 357830, -72051 / 178915),
            (-14852 / 17905, 63121 / 35810, 423 / 17905),
            (11844 / 330415, -50337 / 660830, 316169 / 330415),
        ),
    }
)
_LINEAR_BELOW = 216 / 24389
"""(6/29)³: where the cube root of L*a*b* goes over into a straight line."""


def _light(level: int) -> float:
    value = level / 255
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


_LIGHT = tuple(_light(level) for level in range(256))


def xyz(colour: tuple[int, int, int]) -> Triple:
    """Of an sRGB colour; white has Y = 1."""
    return _times(_TO_XYZ, (_LIGHT[colour[0]], _LIGHT[colour[1]], _LIGHT[colour[2]]))


def lab(colour: tuple[int, int, int]) -> Triple:
    """L* (0 to 100), a* and b* of an sRGB colour."""
    return lab_of(xyz(colour))


def lab_of(colour: Triple) -> Triple:
    """Of X, Y, Z."""
    x, y, z = (_root(value / white) for value, white in zip(colour, WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def encoded(colour: Triple, space: Space) -> tuple[int, int, int]:
    """The nearest 8 bits of an L*a*b* colour; what is outside the space is cut off channel by channel."""
    middle = (colour[0] + 16) / 116
    roots = (middle + colour[1] / 500, middle, middle - colour[2] / 200)
    x, y, z = (_cube(root) * white for root, white in zip(roots, WHITE, strict=True))
    red, green, blue = _times(_FROM_XYZ[space], (x, y, z))
    return _level(red), _level(green), _level(blue)


def _times(matrix: tuple[Triple, ...], vector: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def _root(ratio: float) -> float:
    return float(ratio ** (1 / 3)) if ratio > _LINEAR_BELOW else (841 / 108) * ratio + 4 / 29


def _cube(root: float) -> float:
    return root**3 if root > 6 / 29 else (root - 4 / 29) * 108 / 841


def _level(light: float) -> int:
    light = min(max(light, 0.0), 1.0)
    value = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return int(value * 255 + 0.5)
