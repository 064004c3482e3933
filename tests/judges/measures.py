"""How far two pictures are from each other. Arrays of 8 bit levels: rows, columns, channels."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to Structural Similarity",
# IEEE Transactions on Image Processing 13(4), 2004: section III-C.
_WINDOW, _SIGMA, _K1, _K2 = 11, 1.5, 0.01, 0.03


def ssim(first: Array, second: Array) -> float:
    """The mean structural similarity of two pictures of one size, over their channels; 1 is the same picture."""
    assert first.shape == second.shape, (first.shape, second.shape)
    x, y = first.astype(np.float32), second.astype(np.float32)
    c1, c2 = (_K1 * 255) ** 2, (_K2 * 255) ** 2
    mean_x, mean_y = _blurred(x), _blurred(y)
    square_x, square_y, product = mean_x * mean_x, mean_y * mean_y, mean_x * mean_y
    variances = _blurred(x * x) - square_x + _blurred(y * y) - square_y
    covariance = _blurred(x * y) - product
    similarity = (2 * product + c1) * (2 * covariance + c2) / ((square_x + square_y + c1) * (variances + c2))
    return float(similarity.mean(dtype=np.float64))


def _blurred(picture: Array) -> Array:
    """By the paper's Gaussian window, where all of it is inside."""
    at = np.arange(_WINDOW) - _WINDOW // 2
    weights = np.exp(-(at**2) / (2 * _SIGMA**2)).astype(np.float32)
    weights /= weights.sum()
    for axis in (0, 1):
        length = picture.shape[axis] - _WINDOW + 1
        parts = (np.take(picture, range(start, start + length), axis) for start in range(_WINDOW))
        picture = sum(weight * part for weight, part in zip(weights, parts, strict=True))
    return picture


def lab(levels: Array) -> Array:
    """CIELAB under D65 of sRGB levels (IEC 61966-2-1), which may be fractions of a level."""
    encoded = levels.astype(np.float64) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ (to_xyz / to_xyz.sum(axis=1, keepdims=True)).T
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack((116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])), axis=-1)


def ciede2000(first: Array, second: Array) -> Array:
    """The CIEDE2000 differences of two arrays of CIELAB colours.

    Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary Test Data, and
    Mathematical Observations", Color Research and Application 30(1), 2005; the numbers are those of its equations.
    """
    l1, a1, b1 = np.moveaxis(np.asarray(first, np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(second, np.float64), -1, 0)
    g = 0.5 * (1 - _saturating((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2))  # 4
    a1, a2 = (1 + g) * a1, (1 + g) * a2  # 5
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)  # 6
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360  # 7
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)  # 10: by the shorter way
    lightness, chroma = l2 - l1, c2 - c1  # 8, 9
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)  # 11
    mean_l, mean_c = (l1 + l2) / 2, (c1 + c2) / 2  # 12, 13
    across = np.where(np.abs(h1 - h2) <= 180, 0, np.where(h1 + h2 < 360, 360, -360))
    mean_h = np.where(grey, h1 + h2, (h1 + h2 + across) / 2)  # 14
    t = (
        1 - 0.17 * _cosine(mean_h - 30) + 0.24 * _cosine(2 * mean_h)
        + 0.32 * _cosine(3 * mean_h + 6) - 0.20 * _cosine(4 * mean_h - 63)
    )  # 15  # fmt: skip
    rotation = -np.sin(np.radians(60 * np.exp(-(((mean_h - 275) / 25) ** 2)))) * 2 * _saturating(mean_c)  # 16, 17, 21
    away = (mean_l - 50) ** 2
    lightness = lightness / (1 + 0.015 * away / np.sqrt(20 + away))  # 18
    chroma, hue = chroma / (1 + 0.045 * mean_c), hue / (1 + 0.015 * mean_c * t)  # 19, 20
    return np.sqrt(lightness**2 + chroma**2 + hue**2 + rotation * chroma * hue)  # 22


def _saturating(chroma: Array) -> Array:
    return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))


def _cosine(degrees: Array) -> Array:
    return np.cos(np.radians(degrees))


def seen(picture: Array) -> Array:
    """RGBA, the colours premultiplied, of grey, RGB or either with alpha: what is there to be seen, as fractions."""
    levels = picture.astype(np.float64)
    colours, alpha = (levels, None) if levels.shape[2] in (1, 3) else (levels[:, :, :-1], levels[:, :, -1:])
    alpha = np.full((*levels.shape[:2], 1), 255.0) if alpha is None else alpha
    return np.concatenate((np.broadcast_to(colours, (*levels.shape[:2], 3)) * alpha / 255, alpha), axis=2)


def distance(first: Array, second: Array) -> float:
    """The mean difference in levels of what is to be seen; pictures of different sizes are as different as can be."""
    first, second = seen(first), seen(second)
    return float(np.abs(first - second).mean()) if first.shape == second.shape else 255.0
