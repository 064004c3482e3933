"""All results of a job as one zip file, made while it is read: nothing of it is ever whole in memory or on the disk."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zipstream import ZIP_DEFLATED, ZIP_STORED, ZipStream

from app.errors import ResultsGone, storage_error
from app.models import Output
from app.names import distinct

_COMPRESSIBLE = ("text/", "application/json", "image/svg+xml", "image/bmp")
"""The media types, or how they begin, that come smaller out of a zip; all others are compressed already."""

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Archive:
    """`chunks` are the file; `size` is its length, where that is known before."""

    size: int | None
    chunks: Iterator[bytes]


def tag_of(outputs: Sequence[Output]) -> str:
    """The same for the same files under the same names; archives of them may differ in the times of the files."""
    listed = "".join(f"{output.sha256} {output.filename}\n" for output in outputs)
    return hashlib.sha256(listed.encode()).hexdigest()


def archive(outputs: Sequence[Output], path_of: Callable[[str], Path]) -> Archive:
    """Every file under its own name, with a number where several are called the same.

    What was collected from all results is in a folder of its own, because its files name each other.

    `path_of` tells where the file with a hash is. All are looked for now, and read when their turn comes. Raises
    ResultsGone, or a TemporaryError where the store can not be read.
    """
    _check(outputs, path_of)
    sized = not any(_compressible(output) for output in outputs)
    stream = ZipStream(sized=sized)
    for output, name in zip(outputs, distinct([_place(output) for output in outputs]), strict=True):
        kind = ZIP_DEFLATED if _compressible(output) else ZIP_STORED
        stream.add_path(path_of(output.sha256), name, recurse=False, compress_type=kind)
    return Archive(len(stream) if sized else None, _gathered(stream))


def _place(output: Output) -> str:
    folder = output.item.collects if output.item else None
    return f"{folder}/{output.filename}" if folder else output.filename


def _compressible(output: Output) -> bool:
    return output.media_type.startswith(_COMPRESSIBLE)


def _check(outputs: Sequence[Output], path_of: Callable[[str], Path]) -> None:
    gone = [output.filename for output in outputs if not _is_whole(output, path_of(output.sha256))]
    if gone:
        which = gone[0] if len(gone) == 1 else f"{gone[0]} and {len(gone) - 1} more"
        raise ResultsGone(
            f"{len(gone)} of {len(outputs)} results are missing from the media store or cut off: {which}. Bring the"
            " store back from a backup, or send the files again."
        )


def _is_whole(output: Output, path: Path) -> bool:
    try:
        return path.stat().st_size == output.bytes
    except FileNotFoundError:
        return False
    except OSError as error:
        raise storage_error(error) from error


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The many small chunks in which headers come, in fewer large ones: each is a call of the network."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        if len(waiting) >= _CHUNK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)
