"""Pictures of earlier work on the same file, so that a recipe that was changed at its end begins near its end.

Whoever calls `render` lends what it has kept of the file, by the keys of identity.py, and takes what is new from the
folder that the outputs are written to.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.imaging import unfinished
from app.imaging.picture import Picture, Size
from app.imaging.unfinished import Facts

SUFFIX = ".unfinished"


@dataclass(frozen=True, slots=True)
class Lent:
    """What is kept of the file with this content: a path for each key. Nothing new has more than `largest` bytes."""

    sha256: str
    pictures: Mapping[str, Path]
    largest: int


class Spoiled(Exception):
    """A picture on the shelf is not what it should be."""


class Shelf:
    """`used` and `new` are the keys of what was taken from it, and of what was put into `scratch` as KEY.unfinished."""

    def __init__(self, lent: Lent, scratch: Path, max_pixels: int) -> None:
        self.sha256, self._largest, self._scratch, self._max_pixels = lent.sha256, lent.largest, scratch, max_pixels
        found = {key: unfinished.opened(path, key) for key, path in lent.pictures.items()}
        self._there = {key: file for key, file in found.items() if file}
        self.used: list[str] = []
        self.new: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._there

    def sizes(self) -> Iterator[tuple[str, Size]]:
        """The displayed sizes of all that anything here was made from, by their keys."""
        for file in self._there.values():
            yield from file.header.sizes.items()

    def take(self, key: str) -> tuple[Picture, bool]:
        """The picture, and whether its frames are those of the file. Raises Spoiled."""
        file = self._there[key]
        picture = file.picture(self._max_pixels)
        if picture is None:
            raise Spoiled
        self.used.append(key)
        return picture, file.header.untouched

    def clear(self) -> None:
        """Trust nothing that is here; what is made instead takes its place."""
        self._there.clear()
        self.used.clear()

    def put(self, picture: Picture, facts: Facts) -> None:
        """Keep it, unless it is there, is too large or can not be written: it is an offer."""
        size = unfinished.size_of(picture)
        if facts.key in self._there or facts.key in self.new or size is None or size > self._largest:
            return
        path = self._scratch / f"{facts.key}{SUFFIX}"
        try:
            unfinished.write(path, picture, facts)
        except (OSError, ValueError):
            with suppress(OSError):
                path.unlink()
        else:
            self.new.append(facts.key)
