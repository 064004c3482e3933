"""PNGs decoded in a process of its own, which may use libvips: it starts threads, and the tests' own process forks."""

import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from app.errors import FileError
from app.imaging import libvips, png
from app.imaging.picture import Box, Size
from app.imaging.pixels import decode
from app.imaging.source import opened

_LIMIT = 100_000_000
_by_libvips = libvips.decoded_png


@dataclass(frozen=True)
class Decoded:
    """`factors`: what libvips was asked for and answered. There is no image where the file was refused."""

    factors: list[int]
    image: Image.Image | None = None
    box: Box = (0, 0, 0, 0)
    size: Size = (0, 0)


def decoded(file: Path, share: float = 1.0, *, libvips_answers: bool = True) -> Decoded:
    """As the pipeline does it, but that every PNG counts as a large one."""
    factors = []

    def ask(path: Path, factor: int) -> Image.Image | None:
        image = _by_libvips(path, factor) if libvips_answers else None
        if image is not None:
            factors.append(factor)
        return image

    png._LARGE, libvips.decoded_png = 1, ask
    try:
        with opened(file, _LIMIT) as image:
            picture = decode(image, share)
    except FileError:
        return Decoded(factors)
    return Decoded(factors, picture.image, picture.box, picture.size)


def in_a_fork(file: Path) -> bool:
    """Whether libvips answers in a process that is forked from this one, which has used it."""
    assert _by_libvips(file, 1)
    child = os.fork()
    if child == 0:
        os._exit(1 if _by_libvips(file, 1) is None else 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def threads_after_loading() -> int:
    assert libvips.load()
    return len(list(Path("/proc/self/task").iterdir()))
