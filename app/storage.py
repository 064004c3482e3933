"""The content-addressed store: a file's name is the SHA-256 of its bytes, so the same bytes are kept once.

```
MEDIA_ROOT/
  objects/ab/abcdef…   immutable files, by content
  tmp/                 files being written; a folder per attempt for what a worker makes
```

A file is written under tmp/, synced, renamed to its address, and the folder is synced: after `keep` returns it
survives a power cut, and no reader ever sees half of it.
"""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import StorageFull

_CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class StoredFile:
    sha256: str
    bytes: int


class Store:
    def __init__(self, root: Path) -> None:
        self._objects = root / "objects"
        self._tmp = root / "tmp"

    def path(self, sha256: str) -> Path:
        """Where the file with this content is, or would be."""
        return self._objects / sha256[:2] / sha256

    def receive(self) -> "IncomingFile":
        """A file to be written piece by piece, hashed on its way."""
        return IncomingFile(self, self._writable_tmp())

    def adopt(self, path: Path) -> StoredFile:
        """Keep a finished file that stands in a scratch folder of this store."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        self.keep(path, digest)
        return StoredFile(digest, size)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for one attempt's files, gone at the end of the block with all that was not adopted."""
        folder = Path(tempfile.mkdtemp(dir=self._writable_tmp(), prefix="work-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, temporary: Path, sha256: str) -> None:
        """Move a synced temporary file to the address of its content. Where that exists, the two are the same bytes."""
        target = self.path(sha256)
        with _full_disk_named():
            if target.exists():
                temporary.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary.rename(target)
            self._sync_names(target)  # also where it existed: whoever renamed it may not have come so far

    def _sync_names(self, target: Path) -> None:
        for folder in (target.parent, self._objects, self._objects.parent):
            _sync_folder(folder)

    def _writable_tmp(self) -> Path:
        with _full_disk_named():
            self._tmp.mkdir(parents=True, exist_ok=True)
        return self._tmp


class IncomingFile:
    """Bytes on their way into the store: `write` them, then `keep()` or `discard()`."""

    def __init__(self, store: Store, tmp: Path) -> None:
        self._store = store
        self._hash = hashlib.sha256()
        self._size = 0
        with _full_disk_named():
            descriptor, name = tempfile.mkstemp(dir=tmp, prefix="upload-")
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "wb", buffering=_CHUNK)

    def write(self, data: bytes) -> None:
        """Append `data`. Raises StorageFull where there is no room."""
        self._hash.update(data)
        self._size += len(data)
        with _full_disk_named():
            self._file.write(data)

    def seal(self) -> None:
        """Sync and close the temporary file; nothing more can be written. Does nothing the second time."""
        if self._file.closed:
            return
        with _full_disk_named():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def keep(self) -> StoredFile:
        """Move the bytes to their address: from here on they are stored."""
        self.seal()
        digest = self._hash.hexdigest()
        self._store.keep(self._path, digest)
        return StoredFile(digest, self._size)

    def discard(self) -> None:
        """Remove the temporary file; does nothing once the bytes are kept."""
        with suppress(OSError):  # what the buffer still holds may not fit on the disk
            self._file.close()
        self._path.unlink(missing_ok=True)


@contextmanager
def _full_disk_named() -> Iterator[None]:
    """An OSError of a full disk or quota becomes StorageFull; any other comes through."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        message = "The disk of the media store is full; nothing of this request was kept. Free some space."
        raise StorageFull(message) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
