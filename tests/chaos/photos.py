"""The files that the clients send: photos of many sizes and formats, some alike, some large, some no photos at all."""

import io
import random
from dataclasses import dataclass
from functools import lru_cache

from PIL import ExifTags, Image

from tests.factories import photo

_FORMATS = ("JPEG", "JPEG", "JPEG", "PNG", "WEBP")
_LARGE, _AGAIN, _CUT_OFF, _NO_IMAGE = 0.04, 0.04, 0.02, 0.02


@dataclass(frozen=True, slots=True)
class Photo:
    name: str
    content: bytes
    good: bool
    """Whether it can be processed; a bad one has to fail."""


class Photos:
    """The same seed gives the same files in the same order."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(f"{seed} photos")
        self._number = 0
        self._sent: list[tuple[int, int, str, int]] = []

    def next(self) -> Photo:
        chance, self._number = self._random.random(), self._number + 1
        if chance < _NO_IMAGE:
            return Photo(f"{self._number}.jpg", self._random.randbytes(400), good=False)
        if chance < _NO_IMAGE + _CUT_OFF:
            whole = noisy(200, 150, self._random.randrange(2**32))
            return Photo(f"{self._number}.jpg", whole[: len(whole) // 2], good=False)
        if self._sent and chance < _NO_IMAGE + _CUT_OFF + _AGAIN:
            width, height, format_, number = self._random.choice(self._sent)
        else:
            number = self._number
            large = self._random.random() < _LARGE
            width = self._random.randint(1200, 2000) if large else self._random.randint(24, 320)
            height, format_ = width * self._random.randint(40, 140) // 100, self._random.choice(_FORMATS)
            format_ = "JPEG" if large else format_
            self._sent.append((width, height, format_, number))
        content = photo(width, height, format_, exif=_numbered(number))
        return Photo(f"{self._number}.{format_.lower()}", content, good=True)


def _numbered(number: int) -> bytes:
    """EXIF that makes two photos that look alike two files: results of equal files are not made again."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = str(number)
    return exif.tobytes()


@lru_cache(maxsize=4)
def noisy(width: int, height: int, seed: int) -> bytes:
    """A JPEG whose second half can not be guessed from the first."""
    picture = Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(width * height * 3))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG")
    return buffer.getvalue()
