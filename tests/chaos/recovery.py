"""How long a fault was felt, read from the timelines of the items afterwards.

Everything is counted from the end of the fault, in seconds; what later faults and the queue add is in it.
"""

import datetime as dt
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tests.chaos.schedule import Done

_FINAL = ("succeeded", "failed", "quarantined", "canceled")


@dataclass(frozen=True, slots=True)
class Recovery:
    fault: Done
    next_success: float | None
    """Until an item that was begun after it had succeeded. None: none was."""
    struck_ended: float
    """Until the items on which somebody worked during the fault had ended."""
    all_ended: float
    """Until all items that had been accepted by then had ended."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    begun: float
    ended: float
    succeeded: bool
    final: float
    """When its item ended, in this attempt or a later one."""


def recoveries(database: Path, faults: list[Done]) -> list[Recovery]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as rows:
        attempts, spans = list(_attempts(rows)), list(_spans(rows))
    return [_recovery(fault, attempts, spans) for fault in faults]


def _recovery(fault: Done, attempts: list[_Attempt], spans: list[tuple[float, float]]) -> Recovery:
    begun, end = fault.begun.timestamp(), fault.ended.timestamp()
    return Recovery(
        fault,
        min((one.ended - end for one in attempts if one.succeeded and one.begun > end), default=None),
        max(
            (one.final - end for one in attempts if one.begun < end and one.ended > begun and one.final > end),
            default=0,
        ),
        max((ended - end for accepted, ended in spans if accepted <= end < ended), default=0),
    )


def _attempts(rows: sqlite3.Connection) -> Iterator[_Attempt]:
    """Each from its claim to the next thing that happened to its item."""
    query = "SELECT item_id, kind, at FROM events ORDER BY item_id, id"
    for _, events in groupby(rows.execute(query), key=lambda event: event[0]):
        timeline = [(kind, _seconds(at)) for _, kind, at in events]
        for number, (kind, at) in enumerate(timeline[:-1]):
            if kind == "claimed":
                later = timeline[number + 1 :]
                final = next((moment for end, moment in later if end in _FINAL), later[-1][1])
                yield _Attempt(at, later[0][1], later[0][0] == "succeeded", final)


def _spans(rows: sqlite3.Connection) -> Iterator[tuple[float, float]]:
    """When an item was accepted, or tried again by hand, and when it then ended."""
    accepted = "SELECT items.id, jobs.created_at FROM items JOIN jobs ON jobs.id = items.job_id"
    waiting = {item: _seconds(at) for item, at in rows.execute(accepted)}
    for item, kind, at in rows.execute("SELECT item_id, kind, at FROM events ORDER BY id"):
        if kind in _FINAL and item in waiting:
            yield waiting.pop(item), _seconds(at)
        elif kind == "retried":
            waiting[item] = _seconds(at)


def _seconds(at: str) -> float:
    """SQLite holds the times as text, in UTC."""
    return dt.datetime.fromisoformat(at).replace(tzinfo=dt.UTC).timestamp()
