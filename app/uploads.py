"""Receiving multipart/form-data: every file goes to the store as it arrives, hashed on its way, never held in memory.

Werkzeug's decoder does the parsing; its form parser is not used, because it hands over an empty form where a body was
cut off. Here a body counts only when its closing boundary was seen and its length is the one that was announced.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from app.errors import (
    IncompleteUpload,
    InvalidParameter,
    MalformedUpload,
    NotMultipart,
    TooManyFiles,
    UploadTooLarge,
)
from app.names import safe_name
from app.storage import IncomingFile, Store, StoredFile

_CHUNK = 64 * 1024
_MAX_BUFFER_BYTES = 512 * 1024
_MAX_FIELD_BYTES = 100_000


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Limits:
    bytes: int
    files: int


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    name: str
    stored: StoredFile


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that is not here yet: a worker downloads it."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Received:
    files: list[ReceivedFile]
    fields: dict[str, str]


def receive(
    body: Readable, headers: Mapping[str, str], store: Store, limits: Limits, fields: Collection[str]
) -> Received:
    """Read a multipart body to its end and store its files; `fields` are the names of the other fields it may have.

    Raises NotMultipart, MalformedUpload, IncompleteUpload, UploadTooLarge, TooManyFiles, InvalidParameter (an unknown
    field) or a TemporaryError of the store; then no file of the body is left under its temporary name.
    """
    boundary = _boundary(headers.get("Content-Type", ""))
    announced = _announced_length(headers, limits)
    decoder = MultipartDecoder(boundary, max_form_memory_size=_MAX_BUFFER_BYTES)
    parts = _Parts(store, limits, fields)
    try:
        for event in _events(decoder, _Body(body, announced, limits)):
            parts.take(event)
        return Received(parts.keep(), parts.fields())
    finally:
        parts.discard()


def _boundary(content_type: str) -> bytes:
    kind, options = parse_options_header(content_type)
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise NotMultipart(
            f"The Content-Type is {kind or 'missing'}; send the files as multipart/form-data,"
            " as `curl -F file=@photo.jpg` does."
        )
    return options["boundary"].encode("latin-1", "replace")


def _announced_length(headers: Mapping[str, str], limits: Limits) -> int | None:
    length = headers.get("Content-Length", "")
    if not length:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", length):
        raise MalformedUpload(f"Content-Length is {length[:40]!r}, which is not a number of bytes.")
    if int(length) > limits.bytes:
        raise UploadTooLarge(_too_large(int(length), limits))
    return int(length)


def _too_large(size: int, limits: Limits) -> str:
    return (
        f"The upload has {size:,} bytes or more; the limit is {limits.bytes:,}."
        " Send fewer files in one job, or raise MAX_UPLOAD_BYTES."
    )


class _Body:
    """The bytes of the request, counted against what was announced and what is allowed."""

    def __init__(self, body: Readable, announced: int | None, limits: Limits) -> None:
        self._body, self._announced, self._limits = body, announced, limits
        self._received = 0

    def chunks(self) -> Iterator[bytes]:
        while chunk := self._read():
            self._received += len(chunk)
            if self._received > self._limits.bytes:
                raise UploadTooLarge(_too_large(self._received, self._limits))
            yield chunk
        if self._announced is not None and self._received != self._announced:
            raise IncompleteUpload(
                f"{self._received:,} of {self._announced:,} announced bytes arrived; nothing was kept. Send it again."
            )

    def _read(self) -> bytes:
        left = _CHUNK if self._announced is None else min(_CHUNK, self._announced - self._received)
        try:
            return self._body.read(left) if left else b""
        except OSError as error:  # the client is gone; gunicorn and Werkzeug raise subclasses
            raise IncompleteUpload(f"The connection broke after {self._received:,} bytes; nothing was kept.") from error


def _events(decoder: MultipartDecoder, body: _Body) -> Iterator[Event]:
    try:
        for chunk in body.chunks():
            decoder.receive_data(chunk)
            yield from _ready(decoder)
    except RequestEntityTooLarge:
        raise MalformedUpload("A part's headers, or what follows the last part, are too long.") from None
    except ValueError as error:
        raise MalformedUpload(f"The multipart body can not be read: {error}.") from error
    try:
        decoder.receive_data(None)
        yield from _ready(decoder)
    except ValueError:
        raise IncompleteUpload("The body ended before its closing boundary; nothing was kept. Send it again.") from None


def _ready(decoder: MultipartDecoder) -> Iterator[Event]:
    while not isinstance(event := decoder.next_event(), NeedData):
        yield event
        if isinstance(event, Epilogue):
            return


class _Parts:
    """The files seen so far, under their temporary names, and the other fields."""

    def __init__(self, store: Store, limits: Limits, known: Collection[str]) -> None:
        self._store, self._limits, self._known = store, limits, known
        self._files: list[tuple[str, IncomingFile]] = []
        self._fields: dict[str, bytearray] = {}
        self._sink: Callable[[bytes], object] = self._refuse_unnamed

    def take(self, event: Event) -> None:
        if isinstance(event, File):
            self._sink = self._begin_file(event.filename) if event.filename else self._refuse_unnamed
        elif isinstance(event, Field):
            self._sink = self._begin_field(str(event.name))
        elif isinstance(event, Data):
            self._sink(event.data)
            if not event.more_data and self._files:
                self._files[-1][1].seal()  # nothing happens the second time, as after a field

    def keep(self) -> list[ReceivedFile]:
        return [ReceivedFile(name, incoming.keep()) for name, incoming in self._files]

    def fields(self) -> dict[str, str]:
        return {name: value.decode("utf-8", "replace") for name, value in self._fields.items()}

    def discard(self) -> None:
        for _, incoming in self._files:
            incoming.discard()

    def _begin_file(self, name: str) -> Callable[[bytes], object]:
        if len(self._files) == self._limits.files:
            raise TooManyFiles(
                f"The job has more than {self._limits.files:,} files."
                " Send the rest as another job, or raise MAX_JOB_FILES."
            )
        incoming = self._store.receive()
        self._files.append((safe_name(name), incoming))
        return incoming.write

    def _begin_field(self, name: str) -> Callable[[bytes], object]:
        if name not in self._known:
            raise InvalidParameter(
                f"The form has the field {name[:80]!r}; besides files it takes {', '.join(sorted(self._known))}."
            )
        if name in self._fields:
            raise InvalidParameter(f"The form has the field {name} twice; send it once.")
        value = self._fields[name] = bytearray()

        def append(data: bytes) -> None:
            value.extend(data)
            if len(value) > _MAX_FIELD_BYTES:
                raise InvalidParameter(f"The field {name} has more than {_MAX_FIELD_BYTES} bytes.")

        return append

    @staticmethod
    def _refuse_unnamed(data: bytes) -> None:
        """A browser sends an empty file without a name where none was chosen; anything more than that is a fault."""
        if data:
            raise MalformedUpload("A file was sent without a file name.")
