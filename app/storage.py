"""The content-addressed store: a file's name is the SHA-256 of its bytes, so the same bytes are kept once.

```
MEDIA_ROOT/
  objects/ab/abcdef…   immutable files, by content
  tmp/                 files being written; a folder per attempt for what a worker makes
  steps/               a cache of another module, app/steps.py
```

A file is written under tmp/, synced, renamed to its address, and the folder is synced: after `keep` returns it
survives a power cut, and no reader ever sees half of it. An OSError of the disk is raised as StorageFull or
StorageUnavailable.
"""

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.errors import storage_error

_CHUNK = 1 << 20


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

    def has(self, sha256: str) -> bool:
        return self.path(sha256).exists()

    def free_bytes(self) -> int:
        """The room that is left on the disk, for a user that is not root."""
        with _faults_named():
            return shutil.disk_usage(self._writable_tmp()).free

    def adopt(self, path: Path) -> StoredFile:
        """Keep a finished file that stands in a scratch folder of this store."""
        with _faults_named(), path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        self.keep(path, digest)
        return StoredFile(digest, size)

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for one attempt's files, gone at the end of the block with all that was not adopted."""
        with _faults_named():
            folder = Path(tempfile.mkdtemp(dir=self._writable_tmp(), prefix="work-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep(self, temporary: Path, sha256: str) -> None:
        """Move a synced temporary file to the address of its content. Where that exists, the two are the same bytes."""
        target = self.path(sha256)
        with _faults_named():
            if target.exists():
                os.utime(target)  # to the collection it is as young as a new one
                temporary.unlink()
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                temporary.rename(target)
            self._sync_names(target)  # also where it existed: whoever renamed it may not have come so far

    def remove(self, sha256: str) -> None:
        """Remove the file with this content; does nothing where there is none."""
        with _faults_named():
            self.path(sha256).unlink(missing_ok=True)

    def stored(self, older_than: float) -> Iterator[str]:
        """The contents that have stood here for so many seconds."""
        before = time.time() - older_than
        for file in self._objects.glob("??/*"):
            with suppress(FileNotFoundError):
                if file.stat().st_mtime <= before:
                    yield file.name

    def remove_temporary(self, older_than: float) -> int:
        """Remove what dead processes left under tmp/, untouched for so many seconds; returns how many there were."""
        before, removed = time.time() - older_than, 0
        for entry in self._tmp.glob("*"):
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime > before:
                    continue
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
                removed += 1
        return removed

    def _sync_names(self, target: Path) -> None:
        for folder in (target.parent, self._objects, self._objects.parent):
            _sync_folder(folder)

    def _writable_tmp(self) -> Path:
        with _faults_named():
            self._tmp.mkdir(parents=True, exist_ok=True)
        return self._tmp


class IncomingFile:
    """Bytes on their way into the store: `write` them, then `keep()` or `discard()`."""

    def __init__(self, store: Store, tmp: Path) -> None:
        self._store = store
        self._hash = hashlib.sha256()
        self._size = 0
        with _faults_named():
            descriptor, name = tempfile.mkstemp(dir=tmp, prefix="upload-")
        self._path = Path(name)
        self._file = os.fdopen(descriptor, "wb", buffering=_CHUNK)

    def write(self, data: bytes) -> None:
        """Append `data`. Raises StorageFull where there is no room."""
        self._hash.update(data)
        self._size += len(data)
        with _faults_named():
            self._file.write(data)

    def seal(self) -> None:
        """Sync and close the temporary file; nothing more can be written. Does nothing the second time."""
        if self._file.closed:
            return
        with _faults_named():
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
def _faults_named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise storage_error(error) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
