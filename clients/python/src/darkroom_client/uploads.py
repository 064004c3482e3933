"""Sending files as multipart/form-data, each read while it is sent, none held in memory."""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom_client.errors import LocalFileError

OnSent = Callable[[int, int], object]
"""Is told the index of a file, and how many of its bytes are sent."""

_CHUNK = 1 << 17
_ESCAPES = {ord('"'): "%22", ord("\\"): "\\\\"} | {code: f"%{code:02X}" for code in range(32)}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was when it was looked at."""

    path: Path
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """As it is sent; what of a name is no text becomes a question mark."""
        return self.path.name.encode("utf-8", "replace").decode()

    @classmethod
    def of(cls, path: Path) -> "Upload":
        """Reads the file once. Raises LocalFileError."""
        if not path.is_file():
            what = "is a folder; name the files in it" if path.is_dir() else "is not there, or is no file"
            raise LocalFileError(f"{path} {what}.")
        digest, size = hashlib.sha256(), 0
        for chunk in _chunks(path):
            digest.update(chunk)
            size += len(chunk)
        return cls(path, size, digest.hexdigest())


class Multipart:
    """A body that can be read once; its length is known before."""

    def __init__(self, uploads: Sequence[Upload], fields: Mapping[str, str], on_sent: OnSent) -> None:
        self._boundary = secrets.token_hex(16)
        self._uploads, self._on_sent = uploads, on_sent
        self._fields = b"".join(self._head(name) + value.encode() + b"\r\n" for name, value in fields.items())
        self._heads = [self._head("file", upload.name) for upload in uploads]
        self._end = f"--{self._boundary}--\r\n".encode()

    @property
    def headers(self) -> dict[str, str]:
        files = sum(len(head) + upload.size + 2 for head, upload in zip(self._heads, self._uploads, strict=True))
        return {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(len(self._fields) + files + len(self._end)),
        }

    def __iter__(self) -> Iterator[bytes]:
        """Raises LocalFileError where a file is not what it was."""
        yield self._fields
        for index, (head, upload) in enumerate(zip(self._heads, self._uploads, strict=True)):
            yield head
            yield from self._content(index, upload)
            yield b"\r\n"
        yield self._end

    def _head(self, name: str, filename: str | None = None) -> bytes:
        file = "" if filename is None else f'; filename="{filename.translate(_ESCAPES)}"'
        kind = "" if filename is None else "\r\nContent-Type: application/octet-stream"
        return f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"{file}{kind}\r\n\r\n'.encode()

    def _content(self, index: int, upload: Upload) -> Iterator[bytes]:
        sent = 0
        self._on_sent(index, sent)
        for chunk in _chunks(upload.path):
            sent += len(chunk)
            if sent > upload.size:
                break
            yield chunk
            self._on_sent(index, sent)
        if sent != upload.size:
            raise LocalFileError(f"{upload.path} was changed while it was sent. Nothing was accepted; send it again.")


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise LocalFileError(f"{path} can not be read: {error.strerror}.") from None
