"""How near an output is to what it should be: SSIM of luminance to the source, resampled in floating point."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from tests.judges.measures import ssim

Array = np.ndarray
_LOBES = 3


def similarity(source: Path, output: Path) -> float:
    """Of an animation the mean of its first, middle and last frame."""
    with Image.open(output) as made:
        if getattr(made, "n_frames", 1) > 1:
            with Image.open(source) as original:
                pairs = zip(_frames(original), _frames(made), strict=True)
                return float(np.mean([_ssim(one, other) for one, other in pairs]))
        return _ssim(reference(source, made.size), luminance(made))


@lru_cache(maxsize=32)
def reference(source: Path, size: tuple[int, int]) -> Array:
    """The luminance of the whole source by plain Lanczos, in floating point from end to end."""
    with Image.open(source) as image:
        picture = luminance(image)
    return lanczos(lanczos(picture, size[1]).T, size[0]).T


def lanczos(picture: Array, length: int) -> Array:
    """Another number of rows. Where fewer, the filter is as much wider, as by Pillow and libvips."""
    scale = picture.shape[0] / length
    reach = _LOBES * max(scale, 1.0)
    centres = (np.arange(length) + 0.5) * scale
    rows = np.floor(centres - reach).astype(int)[:, None] + np.arange(int(2 * reach) + 2)
    at = (rows + 0.5 - centres[:, None]) / max(scale, 1.0)
    weights = np.where(np.abs(at) < _LOBES, np.sinc(at) * np.sinc(at / _LOBES), 0)
    weights = np.where((rows >= 0) & (rows < picture.shape[0]), weights, 0)
    weights /= weights.sum(axis=1, keepdims=True)
    rows = rows.clip(0, picture.shape[0] - 1)
    return sum(weight[:, None].astype(np.float32) * picture[row] for weight, row in zip(weights.T, rows.T, strict=True))


def luminance(image: Image.Image) -> Array:
    """Of ITU-R BT.601, as JPEG and WebP code it."""
    return np.asarray(image.convert("RGB"), np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def _frames(image: Image.Image) -> list[Array]:
    count = image.n_frames
    frames = [luminance(frame) for frame in ImageSequence.Iterator(image)]
    return [frames[at] for at in (0, count // 2, count - 1)]


def _ssim(first: Array, second: Array) -> float:
    return ssim(first[:, :, None], second[:, :, None])
