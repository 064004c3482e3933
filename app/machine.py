"""The item's state machine: every transition there is, each one conditional UPDATE.

```
            ┌─────────publish─────────┐
pending ────┴─▶ queued ───claim──▶ running ──succeed────▶ succeeded
   ▲  └────────────claim────────────▲ │ │ ├───fail───────▶ failed ──────┐
   │                                  │ │ └───quarantine─▶ quarantined ─┤
   ├──── back off, take back, hand back ┘                               │
   │          pending, queued, running ──────cancel──────▶ canceled ────┤
   └──────────────────────────────── retry ─────────────────────────────┘
```

An item that collects from the results of all others is pending from the start, and due when those have ended. It also
goes back from succeeded to pending (recollect) where one of those is tried again.

`move` is the only function that writes a state. It takes a transition, which names the states that it expects; once an
item runs, the caller names the attempt too: the attempt is the fencing token. Where no row changes, somebody else was
first, and the caller stops quietly. So a duplicated, late or reordered message is harmless, and a worker that lost its
lease can not end a newer attempt. The line in the timeline, the counts of the job and what webhooks tell of it are part
of the same transaction.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, insert, literal, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app import totals
from app.database import utc_now
from app.models import Event, EventKind, Item, ItemState, Job, JobState
from app.webhooks import announcing


@dataclass(frozen=True, slots=True)
class Transition:
    kind: EventKind
    sources: tuple[ItemState, ...]
    target: ItemState
    only: ColumnElement[bool] | None = None
    """What else must be true of the item."""


WAITING = (ItemState.PENDING, ItemState.QUEUED)
FAILURES = (ItemState.FAILED, ItemState.QUARANTINED)
_RUNNING = (ItemState.RUNNING,)
_REVISED: dict[str, Any] = {"revision": Job.revision + 1}
_busy = case((Item.state == ItemState.RUNNING, Item.worker))

PUBLISH = Transition(EventKind.QUEUED, WAITING, ItemState.QUEUED)
CLAIM = Transition(EventKind.CLAIMED, WAITING, ItemState.RUNNING)
SUCCEED = Transition(EventKind.SUCCEEDED, _RUNNING, ItemState.SUCCEEDED)
FAIL = Transition(EventKind.FAILED, _RUNNING, ItemState.FAILED)
QUARANTINE = Transition(EventKind.QUARANTINED, _RUNNING, ItemState.QUARANTINED)
BACK_OFF = Transition(EventKind.RETRYING, _RUNNING, ItemState.PENDING)
TAKE_BACK = Transition(EventKind.INTERRUPTED, _RUNNING, ItemState.PENDING)
HAND_BACK = Transition(EventKind.HANDED_BACK, _RUNNING, ItemState.PENDING)
CANCEL = Transition(EventKind.CANCELED, (*WAITING, *_RUNNING), ItemState.CANCELED)
RETRY = Transition(EventKind.RETRIED, (ItemState.FAILED, ItemState.QUARANTINED, ItemState.CANCELED), ItemState.PENDING)
WHEN_ALL_ENDED = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
"""When what collects is due: never, until the end of the last file says now."""

AWAIT = Transition(EventKind.RETRIED, WAITING, ItemState.PENDING, only=Item.collects.is_not(None))
"""What collects waits, whether it was published or not: for the end of the files, or from that on for its turn."""
RECOLLECT = Transition(
    EventKind.RETRIED, (ItemState.SUCCEEDED, *RETRY.sources), ItemState.PENDING, only=Item.collects.is_not(None)
)
"""Files of whose results something was collected are made again."""


def move(
    session: Session, transition: Transition, job_id: UUID, *where: ColumnElement[bool],
    values: Mapping[str, Any] = MappingProxyType({}),
    code: str | None = None, detail: str | None = None, note: bool = True, count_revision: bool = True,
) -> int:  # fmt: skip
    """Make the transition for the items of one job that match; returns how many did.

    `values` are further columns to set, `code` and `detail` say why in the timeline, `note=False` leaves no line there.
    The revision of the job grows; who moves items of several jobs in one transaction leaves that to a `revise` at its
    end, because jobs are locked after all items, and never the other way round.
    """
    if transition.only is not None:
        where = (*where, transition.only)
    if transition.target in FAILURES and session.scalar(select(Job.stop_on_error).where(Job.id == job_id)):
        lock_items(session, job_id)  # before the job, as everybody does: the others may have to be canceled
    if any(source.final for source in transition.sources):
        moved = {source: _move(session, transition, source, where, code, detail, note, values)
                 for source in transition.sources}  # fmt: skip
        _reopen(session, job_id, moved)
        return sum(moved.values())
    failing = _matching(session, transition, where) if transition.target in FAILURES else []
    count = _move(session, transition, None, where, code, detail, note, values)
    if count and failing:
        announcing.items_failed(session, job_id, failing)
    if count and transition.target.final:
        _count(session, job_id, transition.target, count)
    elif count and count_revision:
        revise(session, [job_id])
    return count


def _matching(session: Session, transition: Transition, where: tuple[ColumnElement[bool], ...]) -> list[UUID]:
    """The items that the transition is for, which stay so until it is made."""
    rows = select(Item.id).where(Item.state.in_(transition.sources), *where).order_by(Item.id)
    return list(session.scalars(rows.with_for_update()))


def revise(session: Session, job_ids: Iterable[UUID]) -> None:
    """Let the revisions of these jobs grow; always in the order of the ids, so that nobody waits for each other."""
    for job_id in sorted(set(job_ids)):
        job = update(Job).where(Job.id == job_id).values(_REVISED)
        session.execute(job, execution_options={"synchronize_session": False})


def _move(
    session: Session, transition: Transition, source: ItemState | None, where: tuple[ColumnElement[bool], ...],
    code: str | None, detail: str | None, note: bool, values: Mapping[str, Any],
) -> int:  # fmt: skip
    now = utc_now()
    matching = (Item.state.in_([source] if source else transition.sources), *where)
    if note:
        told = {
            Event.item_id: Item.id, Event.at: literal(now, Event.at.type),
            Event.kind: literal(transition.kind, Event.kind.type),
            Event.attempt: values.get("attempt", Item.attempt),
            Event.worker: literal(values["worker"]) if "worker" in values else _busy,
            Event.code: literal(code), Event.detail: literal(detail),
        }  # fmt: skip
        lines = select(*told.values()).where(*matching).with_for_update(of=Item)
        told_of = session.execute(insert(Event).from_select(list(told), lines))
        assert isinstance(told_of, CursorResult)
        if not told_of.rowcount:
            return 0  # also where an item begins to match in this very moment: no state without its line
    settled = {"finished_at": now if transition.target.final else None}
    if transition.target != ItemState.RUNNING:
        settled |= {"lease_until": None, "owner": None}
    result = session.execute(
        update(Item).where(*matching).values(settled | dict(values) | {"state": transition.target}),
        execution_options={"synchronize_session": False},
    )
    assert isinstance(result, CursorResult)
    return int(result.rowcount)


def _count(session: Session, job_id: UUID, state: ItemState, count: int) -> None:
    """Count items that ended in their job and, if they were the last ones, end the job."""
    totals.count(session, **{f"items_{state}": count})
    counter = getattr(Job, state.value)
    session.execute(update(Job).where(Job.id == job_id).values({state.value: counter + count, **_REVISED}))
    job = session.get_one(Job, job_id, populate_existing=True)
    if job.ended == job.total:
        job.state, job.finished_at = final_job_state(job), utc_now()
        if job.keep_seconds is not None:
            job.expires_at = job.finished_at + dt.timedelta(seconds=job.keep_seconds)
        announcing.job_ended(session, job)
    elif job.stop_on_error and state in FAILURES:
        move(session, CANCEL, job_id, Item.job_id == job_id, detail="Another file of the job has failed.")
    elif job.ended == job.total - job.collecting:
        _begin_collecting(session, job_id)


def lock_items(session: Session, job_id: UUID) -> list[tuple[UUID, ItemState]]:
    """All items of the job with their states, which stay so until the transaction ends."""
    rows = select(Item.id, Item.state).where(Item.job_id == job_id).order_by(Item.id).with_for_update()
    return [(item_id, state) for item_id, state in session.execute(rows)]


def _begin_collecting(session: Session, job_id: UUID) -> None:
    """All files have ended: what is collected from their results is due now, whatever messages came too early."""
    values = {"publishes": 0, "not_before": None, "dispatch_after": utc_now()}
    move(session, AWAIT, job_id, Item.job_id == job_id, values=values, note=False)


def _reopen(session: Session, job_id: UUID, moved: dict[ItemState, int]) -> None:
    """Count items out again that were final; a job that had ended is open again."""
    if any(moved.values()):
        fewer = {state.value: getattr(Job, state.value) - count for state, count in moved.items()}
        session.execute(update(Job).where(Job.id == job_id).values(fewer | _REVISED))
        ended = update(Job).where(Job.id == job_id, Job.finished_at.is_not(None))
        session.execute(ended.values(state=JobState.QUEUED, finished_at=None, expires_at=None))


def final_job_state(job: Job) -> JobState:
    """What a job whose items have all ended is called; one of which a person stopped a part is `canceled`."""
    if job.canceled:
        return JobState.CANCELED
    if job.succeeded == job.total:
        return JobState.SUCCEEDED
    return JobState.PARTIAL if job.succeeded else JobState.FAILED
