"""What the API answers, as values. Members that a newer server adds are left to `document`."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeVar

from darkroom_client.errors import UnexpectedAnswer

Document = Mapping[str, Any]
T = TypeVar("T")

ENDED = frozenset({"succeeded", "partial", "failed", "canceled"})
"""The states of a job that has ended."""

FAILED = frozenset({"failed", "quarantined"})
WAITING = frozenset({"pending", "queued"})


def _moment(value: str) -> dt.datetime:
    return dt.datetime.fromisoformat(value)


def _optional(convert: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else convert(value)


def _each(convert: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    return lambda values: tuple(convert(value) for value in values)


class _Documented:
    """Reads each field from the member of its name, by the conversion in its metadata."""

    @classmethod
    def of(cls, document: Document) -> Self:
        """Raises UnexpectedAnswer."""
        values: dict[str, Any] = {}
        try:
            for known in fields(cls):  # type: ignore[arg-type]
                convert = known.metadata.get("convert", lambda value: value)
                values[known.name] = document if known.name == "document" else convert(document[known.name])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UnexpectedAnswer(
                f"The server's answer is no {cls.__name__.lower()} of Darkroom ({error!r}). Does the address lead to"
                " Darkroom, and is this client as new as the server?"
            ) from None
        return cls(**values)


def _by(convert: Callable[[Any], Any]) -> dict[str, Callable[[Any], Any]]:
    return {"convert": convert}


@dataclass(frozen=True, slots=True)
class Output(_Documented):
    """A finished file; `name` is the recipe's name for it, `filename` what it is called as a file."""

    id: str
    name: str
    filename: str = field(metadata=_by(str))
    media_type: str
    bytes: int = field(metadata=_by(int))
    width: int | None
    height: int | None
    sha256: str = field(metadata=_by(str))
    url: str = field(metadata=_by(str))


@dataclass(frozen=True, slots=True)
class ItemError(_Documented):
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Item(_Documented):
    """One file of a job, or what is collected of the results of all others."""

    id: str
    name: str = field(metadata=_by(str))
    state: str
    attempt: int
    collects: bool
    waits_because: str | None
    error: ItemError | None = field(metadata=_by(_optional(ItemError.of)))
    outputs: tuple[Output, ...] = field(metadata=_by(_each(Output.of)))
    document: Document

    @property
    def ended(self) -> bool:
        return self.state in FAILED or self.state in ("succeeded", "canceled")


@dataclass(frozen=True, slots=True)
class RecipeUsed(_Documented):
    name: str
    version: int
    vars: Document

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Progress(_Documented):
    """How many items there are, and how they ended."""

    total: int
    ended: int
    succeeded: int
    failed: int
    quarantined: int
    canceled: int


@dataclass(frozen=True, slots=True)
class JobSummary(_Documented):
    """A job without its items."""

    id: str
    state: str
    lane: str
    recipe: RecipeUsed = field(metadata=_by(RecipeUsed.of))
    created_at: dt.datetime = field(metadata=_by(_moment))
    finished_at: dt.datetime | None = field(metadata=_by(_optional(_moment)))
    progress: Progress = field(metadata=_by(Progress.of))
    url: str
    page: str
    document: Document

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class Job(JobSummary):
    items: tuple[Item, ...] = field(metadata=_by(_each(Item.of)))

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Of all items."""
        return tuple(output for item in self.items for output in item.outputs)


@dataclass(frozen=True, slots=True)
class Canceled(_Documented):
    """How many items a cancellation stopped while they waited and while they ran, and how many had ended before."""

    waiting: int
    running: int
    ended: int


@dataclass(frozen=True, slots=True)
class Recipe(_Documented):
    """The newest version of a recipe; `vars` has what is known of each of its variables."""

    name: str
    version: int
    description: str
    vars: Document
    outputs: tuple[str, ...] = field(metadata=_by(tuple))
    document: Document


@dataclass(frozen=True, slots=True)
class LaneStatus(_Documented):
    lane: str
    waiting: int
    running: int
    oldest_wait_seconds: float | None
    paused_since: dt.datetime | None = field(metadata=_by(_optional(_moment)))


@dataclass(frozen=True, slots=True)
class Process(_Documented):
    """A worker or a dispatcher that gave a sign of life within the last seconds."""

    name: str
    concurrency: int
    started_at: dt.datetime = field(metadata=_by(_moment))
    seen_at: dt.datetime = field(metadata=_by(_moment))


@dataclass(frozen=True, slots=True)
class Disk(_Documented):
    """Of the media store; uploads leave `reserved_bytes` free."""

    free_bytes: int
    reserved_bytes: int


@dataclass(frozen=True, slots=True)
class Status(_Documented):
    lanes: tuple[LaneStatus, ...] = field(metadata=_by(_each(LaneStatus.of)))
    workers: tuple[Process, ...] = field(metadata=_by(_each(Process.of)))
    dispatchers: tuple[Process, ...] = field(metadata=_by(_each(Process.of)))
    versions: Mapping[str, str]
    disk: Disk = field(metadata=_by(Disk.of))
    document: Document
