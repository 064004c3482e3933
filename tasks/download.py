"""Downloading an original: in the process of its own in which an attempt works, so that it can be stopped."""

from collections.abc import Callable
from pathlib import Path

from app.errors import NotDownloaded, OutgoingFailed, TooManyBytes
from app.outgoing import Incoming, Limits, Outgoing

_SILENCE_SECONDS = 30
_WHOLE_SECONDS = 3600
"""Longer than any attempt may take."""

_PASSING = (408, 425, 429)
"""What helps to be tried again, beside all that are the server's own faults."""


class Download:
    """`check_room` is told how many bytes are to come."""

    def __init__(self, outgoing: Outgoing, max_bytes: int, check_room: Callable[[int], None]) -> None:
        self._outgoing, self._max_bytes, self._check_room = outgoing, max_bytes, check_room

    def __call__(self, url: str, path: Path) -> None:
        """Write what is at the URL to the path; whoever calls limits the time.

        Raises OutgoingRefused, NotDownloaded, TooManyBytes, and the TemporaryErrors OutgoingFailed and StorageFull.
        """
        limits = Limits(self._max_bytes, silence=_SILENCE_SECONDS, whole=_WHOLE_SECONDS)
        with self._outgoing.get(url, limits) as incoming:
            _check(incoming)
            size = incoming.announced or 0
            self._check_size(size)
            self._check_room(size)
            read = 0
            with path.open("xb") as file:
                for chunk in incoming.chunks(self._max_bytes + 1):
                    read += len(chunk)
                    self._check_size(read)
                    file.write(chunk)

    def _check_size(self, size: int) -> None:
        if size > self._max_bytes:
            raise TooManyBytes(
                f"The file has more than {self._max_bytes:,} bytes, the most that is downloaded (MAX_UPLOAD_BYTES)."
            )


def _check(incoming: Incoming) -> None:
    status, headers = incoming.status, incoming.headers
    if status in _PASSING or status >= 500:
        raise OutgoingFailed(f"The server answered {status}.")
    if 300 <= status < 400:
        to = headers.get("location", "")[:200]
        raise NotDownloaded(f"The server answered {status} and points to {to!r}; send that URL: none is followed.")
    if status != 200:
        raise NotDownloaded(f"The server answered {status}; see that the URL gives the file to everybody.")
    if (coding := headers.get("content-encoding", "identity").lower()) != "identity":
        raise NotDownloaded(f"The server sent it compressed ({coding[:40]!r}), which was not asked for.")
