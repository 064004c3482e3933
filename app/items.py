"""The item's state machine: every transition there is, each one conditional UPDATE.

```
pending ──publish──▶ queued ──claim──▶ running ──succeed──▶ succeeded
   ▲                    │                 │ ├─────fail────▶ failed
   │                    │                 │ └──quarantine─▶ quarantined
   └────────────────────┴───── return ────┘
```

An UPDATE names the state that it expects and, once an item runs, the attempt too: the attempt is the fencing token.
Where no row changes, somebody else was first; the caller stops quietly. So a duplicated, late or reordered message is
harmless, and a worker that lost its lease can not end a newer attempt.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app.database import transaction, utc_now
from app.models import Asset, Item, ItemState, Job, JobState, Lane, Output

DISPATCH_GRACE = dt.timedelta(seconds=5)
"""How long the web's own publisher has before the dispatcher publishes an item."""

_REPUBLISH_AFTER = dt.timedelta(seconds=60)
_REPUBLISH_AT_MOST = dt.timedelta(hours=1)
_RETRY_AFTER = dt.timedelta(seconds=5)

_WAITING = (ItemState.PENDING, ItemState.QUEUED)


@dataclass(frozen=True, slots=True)
class Due:
    """An item to publish: its id is the whole message, the lane is its queue."""

    id: UUID
    lane: Lane
    attempt: int = 0
    publishes: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to one attempt at an item, until the lease ends."""

    item_id: UUID
    job_id: UUID
    attempt: int
    asset_id: UUID
    asset_name: str
    asset_sha256: str
    recipe: str
    recipe_version: int


@dataclass(frozen=True, slots=True)
class Lost:
    """An attempt whose worker has not renewed its lease in time."""

    item_id: UUID
    job_id: UUID
    attempt: int
    worker: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt ended without a result: a stable code and a sentence for the person who sent the file."""

    code: str
    message: str


# Publishing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def due(session: Session, now: dt.datetime, limit: int) -> list[Due]:
    """The items that wait and whose time to be published has come, those that wait longest first."""
    rows = session.execute(
        select(Item.id, Job.lane, Item.attempt, Item.publishes)
        .join(Item.job)
        .where(Item.state.in_(_WAITING), Item.dispatch_after <= now)
        .order_by(Item.dispatch_after)
        .limit(limit)
    )
    return [Due(*row) for row in rows]


def mark_published(items: Collection[Due], now: dt.datetime) -> None:
    """pending or queued → queued, where nothing has happened to the item since it was read.

    An item that no worker claims is published again later, each time after twice the wait.
    """
    with transaction() as session:
        for item in items:
            wait = min(_REPUBLISH_AFTER * 2 ** min(item.publishes, 10), _REPUBLISH_AT_MOST)
            unchanged = and_(Item.attempt == item.attempt, Item.publishes == item.publishes)
            _change(
                session, update(Item).where(Item.id == item.id, Item.state.in_(_WAITING), unchanged),
                state=ItemState.QUEUED, publishes=item.publishes + 1, dispatch_after=now + wait,
            )  # fmt: skip


# Working ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def claim(item_id: UUID, worker: str, lease: dt.timedelta) -> Claim | None:
    """pending or queued → running, as the next attempt. None: there is nothing to do for this message."""
    now = utc_now()
    with transaction() as session:
        waiting = update(Item).where(Item.id == item_id, Item.state.in_(_WAITING))
        if not _change(
            session, waiting, state=ItemState.RUNNING, attempt=Item.attempt + 1, worker=worker,
            lease_until=now + lease, started_at=now, error_code=None, error=None,
        ):  # fmt: skip
            return None
        item = session.get_one(Item, item_id)
        _change(session, update(Job).where(Job.id == item.job_id, Job.state == JobState.QUEUED), state=JobState.RUNNING)
        return Claim(
            item.id, item.job_id, item.attempt, item.asset_id, item.asset.name, item.asset.sha256,
            item.job.recipe, item.job.recipe_version,
        )  # fmt: skip


def renew(claim: Claim, lease: dt.timedelta) -> bool:
    """Move the end of the lease. False: the lease is lost, and whatever the worker makes will be discarded."""
    with transaction() as session:
        return _change(session, _running(claim), lease_until=utc_now() + lease)


def succeed(claim: Claim, asset: dict[str, Any], outputs: Sequence[Output], data: dict[str, Any]) -> bool:
    """running → succeeded; the outputs become visible in the same transaction. False: the lease was lost."""
    with transaction() as session:
        if not _end(session, claim.job_id, _running(claim), ItemState.SUCCEEDED, data=data):
            return False
        _change(session, update(Asset).where(Asset.id == claim.asset_id), **asset)
        session.add_all(outputs)
        return True


def fail(claim: Claim, failure: Failure) -> bool:
    """running → failed: the file or the recipe is at fault, and trying again can not help."""
    with transaction() as session:
        return _end(
            session, claim.job_id, _running(claim), ItemState.FAILED, error_code=failure.code, error=failure.message
        )


def retry_later(claim: Claim, failure: Failure, max_attempts: int) -> bool:
    """running → pending, due after a growing wait; or → failed, where this was the last attempt."""
    if claim.attempt >= max_attempts:
        return fail(claim, failure)
    with transaction() as session:
        return _change(
            session, _running(claim), state=ItemState.PENDING, lease_until=None, publishes=0,
            dispatch_after=utc_now() + _RETRY_AFTER * 2 ** (claim.attempt - 1),
            error_code=failure.code, error=failure.message,
        )  # fmt: skip


# Recovering ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def lost(session: Session, now: dt.datetime) -> list[Lost]:
    """The attempts whose lease has ended."""
    rows = session.execute(
        select(Item.id, Item.job_id, Item.attempt, Item.worker).where(
            Item.state == ItemState.RUNNING, Item.lease_until < now
        )
    )
    return [Lost(*row) for row in rows]


def recover(attempt: Lost, now: dt.datetime, max_attempts: int) -> bool:
    """running → pending, due at once; or → quarantined, where this was the last attempt. False: it lives after all."""
    expired = update(Item).where(_attempt(attempt.item_id, attempt.attempt), Item.lease_until < now)
    reason = f"The worker {attempt.worker} was lost during attempt {attempt.attempt} of {max_attempts}."
    with transaction() as session:
        if attempt.attempt < max_attempts:
            return _change(
                session, expired, state=ItemState.PENDING, lease_until=None, publishes=0, dispatch_after=now,
                error_code="worker-lost", error=reason,
            )  # fmt: skip
        return _end(
            session, attempt.job_id, expired, ItemState.QUARANTINED, error_code="quarantined",
            error=f"{reason} Either the file ends whatever works on it, or the workers were stopped or cut off"
            " each time; it will not be tried again by itself.",
        )  # fmt: skip


# The one way to change a row ─────────────────────────────────────────────────────────────────────────────────────────


def _attempt(item_id: UUID, attempt: int) -> ColumnElement[bool]:
    return and_(Item.id == item_id, Item.state == ItemState.RUNNING, Item.attempt == attempt)


def _running(claim: Claim) -> Update:
    return update(Item).where(_attempt(claim.item_id, claim.attempt))


def _change(session: Session, statement: Update, **values: Any) -> bool:
    result = session.execute(statement.values(**values), execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def _end(session: Session, job_id: UUID, statement: Update, state: ItemState, **values: Any) -> bool:
    """Move an item to a final state, count it in its job and, if it was the last one, end the job."""
    if not _change(session, statement, state=state, lease_until=None, finished_at=utc_now(), **values):
        return False
    counter = getattr(Job, state.value)
    _change(session, update(Job).where(Job.id == job_id), **{state.value: counter + 1})
    job = session.get_one(Job, job_id, populate_existing=True)
    if job.ended == job.total:
        job.state, job.finished_at = final_job_state(job), utc_now()
    return True


def final_job_state(job: Job) -> JobState:
    """What a job whose items have all ended is called."""
    if job.succeeded == job.total:
        return JobState.SUCCEEDED
    if job.succeeded:
        return JobState.PARTIAL
    return JobState.CANCELED if job.canceled == job.total else JobState.FAILED
