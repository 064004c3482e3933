"""Pictures on their way through a recipe, kept for whoever changes the recipe's end and tries again.

```
MEDIA_ROOT/steps/
  ab/abcdef…/      a folder for each original, by its content
    0123…          a picture of it, by its key (app/imaging/identity.py)
```

A cache: nothing is synced, anything may be gone at any time, and whoever reads a picture checks it. What was not used
for the longest time goes first, and what was made of an original goes with it.
"""

import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_KEY = re.compile(r"[0-9a-f]{64}")
_SHARE_OF_ONE = 8
"""No picture may take more than this part of the room."""
_AROUND = 2_000_000
"""Bytes that a file may have besides pixels."""
_LEAST = 4096
"""Bytes that a file takes, however small it is."""
_SHARE_UNSEEN = 16
"""No process adds more than this part before it looks itself whether there is room."""


@dataclass(frozen=True, slots=True)
class _File:
    used_at: int
    bytes: int
    path: Path


class StepCache:
    """Below the folder of the media; `limit` is in bytes, and 0 keeps nothing. Shared by any number of processes."""

    def __init__(self, root: Path, limit: int, is_stored: Callable[[str], bool]) -> None:
        self._root, self._limit, self._is_stored = root / "steps", limit, is_stored
        self._unseen = 0

    @property
    def largest(self) -> int:
        """Bytes of the largest picture that is kept."""
        return self._limit // _SHARE_OF_ONE

    def of(self, sha256: str) -> dict[str, Path]:
        """What is kept of the original with this content, by key; files that may be torn."""
        with suppress(OSError):
            return {path.name: path for path in self._folder(sha256).iterdir() if _KEY.fullmatch(path.name)}
        return {}

    def touch(self, sha256: str, keys: Iterable[str]) -> None:
        """They were used just now."""
        for key in filter(_KEY.fullmatch, keys):
            with suppress(OSError):
                os.utime(self._folder(sha256) / key)

    def keep(self, sha256: str, key: str, file: Path) -> None:
        """Take a finished file of this file system, in the place of an older one; does nothing where it can not."""
        with suppress(OSError):
            told = file.lstat()
            if not (_KEY.fullmatch(key) and stat.S_ISREG(told.st_mode) and 0 < told.st_size <= self.largest + _AROUND):
                return
            self._folder(sha256).mkdir(parents=True, exist_ok=True)
            file.replace(self._folder(sha256) / key)
            self._unseen += told.st_size
        if self._unseen > self._limit // _SHARE_UNSEEN:
            self.prune()
            self._unseen = 0

    def prune(self) -> int:
        """Remove what is of originals that are gone, and what is too much; returns how many pictures that were."""
        files = sorted(self._files(), key=lambda file: file.used_at)
        room, removed = self._limit - sum(file.bytes for file in files), 0
        for file in files:
            if room >= 0:
                break
            with suppress(OSError):  # somebody else's, or gone
                file.path.unlink()
                removed += 1
            room += file.bytes
        return removed

    def _files(self) -> Iterator[_File]:
        for folder in self._root.glob("??/*"):
            if not self._is_stored(folder.name):
                shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                for path in folder.iterdir():
                    with suppress(FileNotFoundError):
                        told = path.lstat()
                        yield _File(told.st_mtime_ns, max(told.st_size, _LEAST), path)
            with suppress(OSError):
                folder.rmdir()  # where nothing is left in it

    def _folder(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256
