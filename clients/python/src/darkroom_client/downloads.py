"""Results as files of a folder: none twice, none over another, none outside, and none that is not whole.

What is not yet whole is called `name.part`, and goes on where it stopped.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BufferedRandom
from itertools import count
from pathlib import Path, PurePath

import httpx

from darkroom_client.documents import Output
from darkroom_client.errors import ApiError, DamagedDownload, LocalFileError

Open = Callable[[dict[str, str]], AbstractContextManager[httpx.Response]]
"""Asks for a file with these headers; gives the answer, whose body is read from it."""

_MAX_NAME_BYTES = 240
_RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True)
class Fetched:
    """`was_there` says that the file needed not to be fetched."""

    output: Output
    path: Path
    was_there: bool


def safe_name(name: str) -> str:
    """The last part of a name, without anything invisible: never a way out of a folder, whatever a server says."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(character for character in name if unicodedata.category(character)[0] != "C").strip()
    name = _cut(name, "") if len(PurePath(name).suffix) > 20 else _cut(PurePath(name).stem, PurePath(name).suffix)
    return name if name.strip(".") else "file"


def _cut(stem: str, suffix: str) -> str:
    return stem.encode()[: _MAX_NAME_BYTES - len(suffix.encode())].decode("utf-8", "ignore") + suffix


class Folder:
    """Finds each output of a job its place, the same one whenever it is asked for the same outputs in the same order.

    A file that is there already and is something else is never overwritten: the output is then called `name (2)`.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._given = path, set[str]()

    def place(self, output: Output) -> tuple[Path, bool]:
        """Where it belongs, and whether it is there."""
        name = PurePath(safe_name(output.filename))
        for number in count(1):
            path = self._path / (name if number == 1 else _cut(name.stem, f" ({number}){name.suffix}"))
            if self._is_given(path):
                continue
            is_there = _holds(path, output)
            if is_there or not os.path.lexists(path):
                self._given |= {_folded(path), _folded(part_of(path))}
                return path, is_there
        raise AssertionError

    def _is_given(self, path: Path) -> bool:
        """To another output, or to what of one is not yet whole; some file systems take A and a for the same."""
        return not self._given.isdisjoint({_folded(path), _folded(part_of(path))})


def make(folder: Path) -> None:
    """Raises LocalFileError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _local(folder, error) from None


def part_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _folded(path: Path) -> str:
    return unicodedata.normalize("NFC", path.name.casefold())


def _holds(path: Path, output: Output) -> bool:
    try:
        if not path.is_file() or path.stat().st_size != output.bytes:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == output.sha256
    except OSError as error:
        raise _local(path, error) from None


def download(output: Output, path: Path, open_: Open) -> None:
    """Bring the output to `path`, from where its `.part` ends. What arrived before an error stays there.

    Raises LocalFileError, DamagedDownload, and what `open_` raises.
    """
    part = part_of(path)
    try:
        with _part(part) as file:
            _bring(output, file, open_)
        part.replace(path)
    except DamagedDownload:
        part.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise _local(path, error) from None


def _part(path: Path) -> BufferedRandom:
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return open(os.open(path, flags, 0o666), "r+b")  # noqa: PTH123


def _bring(output: Output, file: BufferedRandom, open_: Open) -> None:
    before = file.seek(0, os.SEEK_END)
    _complete(output, file, open_)
    if _is_whole(output, file):
        return
    if before:  # it went on behind something that did not belong to it
        file.truncate(0)
        _complete(output, file, open_)
        if _is_whole(output, file):
            return
    raise DamagedDownload(
        f"{output.filename} did not arrive as the server describes it: {output.bytes:,} bytes with the SHA-256"
        f" {output.sha256}. Nothing of it was kept."
    )


def _complete(output: Output, file: BufferedRandom, open_: Open) -> None:
    have = file.seek(0, os.SEEK_END)
    if have >= output.bytes:
        return
    headers = {"Range": f"bytes={have}-", "If-Range": f'"{output.sha256}"'} if have else {}
    try:
        with open_(headers) as response:
            if not _goes_on(response, have):
                file.seek(0)
                file.truncate(0)
            for chunk in response.iter_raw():  # as they come: what waited for more would be lost with the connection
                file.write(chunk)
                if file.tell() > output.bytes:
                    return  # more than there is to be: it is not whole
    except ApiError as error:
        if not have or error.status != _RANGE_NOT_SATISFIABLE:
            raise
        file.truncate(0)


def _goes_on(response: httpx.Response, have: int) -> bool:
    range_ = response.headers.get("Content-Range", "")
    return response.status_code == httpx.codes.PARTIAL_CONTENT and range_.startswith(f"bytes {have}-")


def _is_whole(output: Output, file: BufferedRandom) -> bool:
    file.flush()
    if file.seek(0, os.SEEK_END) != output.bytes:
        return False
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest() == output.sha256


def _local(path: Path, error: OSError) -> LocalFileError:
    return LocalFileError(f"{path} can not be written or read: {error.strerror}.")
