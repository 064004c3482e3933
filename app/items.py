"""An attempt at an item, as its worker sees it: claim, renew while working, and one of the ways to end.

Each function that changes a row says whether it did. False: the lease is lost (taken over, canceled, deleted), and
whatever the worker has made is to be discarded.
"""

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from app import machine, totals
from app.collection import keep_files
from app.database import db, transaction, utc_now
from app.errors import Retry
from app.imaging.effort import NONE, Effort
from app.models import Asset, Item, ItemState, Job, JobState, Lane, LanePause, Output
from app.recipes.schema import Value
from app.storage import StoredFile

_BACKOFF = dt.timedelta(seconds=5)
_STRIKE_WAIT = dt.timedelta(seconds=15)
_BACKOFF_AT_MOST = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to one attempt at an item, until the lease ends; and how the attempts before it went."""

    item_id: UUID
    job_id: UUID
    attempt: int
    strikes: int
    retries: int
    troubled_since: dt.datetime | None
    name: str
    """What people call it: the file's name, or that of what is collected."""
    asset_id: UUID | None
    sha256: str | None
    """Of the original; None where it has to be downloaded first, or the item collects from the results of others."""
    source_url: str | None
    recipe: str
    recipe_version: int
    variables: Mapping[str, Value]
    lane: Lane


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt ended without a result: a code, a sentence for whoever sent it, and whether to try again."""

    code: str
    message: str
    retry: Retry = Retry.NEVER


@dataclass(frozen=True, slots=True)
class Patience:
    """How often an item is tried again: `attempts` that end without an answer, `retries` of trouble that passes."""

    attempts: int
    retries: int
    retry_for: dt.timedelta


def claim(item_id: UUID, owner: str, worker: str, lease: dt.timedelta) -> Claim | None:
    """pending or queued → running, as the next attempt. None: there is nothing to do for this message."""
    paused = exists().where(LanePause.lane == Item.lane)
    with transaction() as session:
        now = utc_now()
        item = session.scalar(select(Item).where(Item.id == item_id, ~paused).with_for_update(of=Item))
        if item is None or (item.collects is not None and _is_too_early(item.job)):
            return None
        job_id, job_state = item.job_id, item.job.state
        if not machine.move(
            session, machine.CLAIM, job_id,
            Item.id == item_id, or_(Item.not_before.is_(None), Item.not_before <= now),
            values={
                "attempt": Item.attempt + 1, "owner": owner, "worker": worker, "lease_until": now + lease,
                "started_at": now, "not_before": None,
            },
        ):  # fmt: skip
            return None
        if job_state != JobState.RUNNING:  # it was read before the item was locked: what it is now, the UPDATE says
            queued = update(Job).where(Job.id == job_id, Job.state == JobState.QUEUED)
            session.execute(queued.values(state=JobState.RUNNING))
        session.refresh(item)
        return Claim(
            item.id, item.job_id, item.attempt, item.strikes, item.retries, item.troubled_since,
            item.name, item.asset_id, item.asset.sha256 if item.asset else None,
            item.asset.source_url if item.asset else None,
            item.job.recipe, item.job.recipe_version, item.job.variables, item.lane,
        )  # fmt: skip


def _is_too_early(job: Job) -> bool:
    """Whether files are open of whose results something is to be collected."""
    return job.ended < job.total - job.collecting


def is_held(claim: Claim) -> bool:
    """Whether the attempt is still this worker's: asked often, and cheap."""
    try:
        return bool(db.session.scalar(select(exists().where(_attempt(claim)))))
    finally:
        db.session.remove()


def renew(claim: Claim, lease: dt.timedelta) -> bool:
    """Move the end of the lease."""
    with transaction() as session:
        result = session.execute(update(Item).where(_attempt(claim)).values(lease_until=utc_now() + lease))
        assert isinstance(result, CursorResult)
        return result.rowcount == 1


def downloaded(claim: Claim, stored: StoredFile, is_stored: Callable[[str], bool]) -> bool:
    """Record the original that the attempt has downloaded: the next one need not. Raises FilesCollected."""
    with transaction() as session:
        if session.scalar(select(Item.id).where(_attempt(claim)).with_for_update()) is None:
            return False
        keep_files(session, [stored.sha256], is_stored)
        content = {"sha256": stored.sha256, "bytes": stored.bytes}
        unknown = update(Asset).where(Asset.id == claim.asset_id, Asset.sha256.is_(None))
        result = session.execute(unknown.values(content))
        assert isinstance(result, CursorResult)
        if result.rowcount == 1:  # else the commit before was kept and not confirmed
            totals.count(session, input_bytes=stored.bytes)
        return True


def succeed(
    claim: Claim, asset: Mapping[str, Any], outputs: Sequence[Output], data: Mapping[str, Any],
    is_stored: Callable[[str], bool], key: str | None = None, effort: Effort = NONE,
) -> bool:  # fmt: skip
    """running → succeeded; the outputs become visible in the same transaction. Raises FilesCollected."""
    with transaction() as session:
        if not _end(session, machine.SUCCEED, claim, data=dict(data), key=key, error_code=None, error=None):
            return False
        keep_files(session, (output.sha256 for output in outputs), is_stored)
        if claim.asset_id is not None:
            session.execute(update(Asset).where(Asset.id == claim.asset_id).values(dict(asset)))
        session.add_all(outputs)
        made = [output for output in outputs if not output.reused]
        totals.count(
            session, outputs_made=len(made), outputs_reused=len(outputs) - len(made),
            output_bytes=sum(output.bytes for output in made),
            decodes=effort.decodes, steps_done=effort.steps, steps_reused=effort.steps_reused,
        )  # fmt: skip
        return True


def fail(claim: Claim, failure: Failure, patience: Patience) -> bool:
    """running → failed, quarantined, or pending for another attempt, as the kind of the failure asks."""
    if failure.retry == Retry.PATIENT:
        return _back_off(claim, failure, patience)
    if failure.retry == Retry.COUNTED:
        with transaction() as session:
            return strike(session, claim.item_id, claim.job_id, claim.strikes, failure, patience, _attempt(claim))
    with transaction() as session:
        return _end(session, machine.FAIL, claim, failure)


def hand_back(claim: Claim) -> bool:
    """running → pending, due at once: the worker is stopping; nothing is held against the file."""
    with transaction() as session:
        return _end(session, machine.HAND_BACK, claim, **_due_at(utc_now()))


def release(owner: str) -> int:
    """As `hand_back`, for all that this process has claimed: it does not work on any, and could not say so before."""
    with transaction() as session:
        held = select(Item.id, Item.job_id).where(Item.state == ItemState.RUNNING, Item.owner == owner)
        back = [
            job_id
            for item_id, job_id in session.execute(held.order_by(Item.id)).all()
            if machine.move(
                session,
                machine.HAND_BACK,
                job_id,
                Item.id == item_id,
                Item.owner == owner,
                values=_due_at(utc_now()),
                count_revision=False,
            )
        ]
        machine.revise(session, back)
        return len(back)


def strike(
    session: Session, item_id: UUID, job_id: UUID, strikes: int, failure: Failure, patience: Patience,
    *where: ColumnElement[bool],
) -> bool:  # fmt: skip
    """running → pending; or → quarantined, where this was the last such attempt that is allowed.

    The first time it is due at once, then it waits: what kills workers now may be a machine that is short of memory.
    `where` proves that the attempt is over: it is the worker's own, its lease has ended, or its worker is dead.
    """
    count = strikes + 1
    last = count >= patience.attempts
    message = failure.message + (
        f" That was the last of {patience.attempts} tries; it will not be tried again by itself."
        if last
        else f" It is tried again (that was try {count} of {patience.attempts})."
    )
    due = _due_at(utc_now() + _STRIKE_WAIT * (count - 1) * random.uniform(0.5, 1))  # noqa: S311
    values = {"strikes": count, "error_code": failure.code, "error": message}
    return bool(machine.move(
        session, machine.QUARANTINE if last else machine.TAKE_BACK, job_id, Item.id == item_id, *where,
        values=values if last else values | due, code=failure.code, detail=message,
    ))  # fmt: skip


def _back_off(claim: Claim, failure: Failure, patience: Patience) -> bool:
    now = utc_now()
    since = claim.troubled_since or now
    wait = min(_BACKOFF * 2 ** min(claim.retries, 20), _BACKOFF_AT_MOST) * random.uniform(0.5, 1)  # noqa: S311
    with transaction() as session:
        if claim.retries >= patience.retries or now + wait > since + patience.retry_for:
            message = f"{failure.message} It was tried {claim.retries + 1} times since {since:%Y-%m-%d %H:%M} UTC."
            return _end(session, machine.FAIL, claim, Failure(failure.code, message))
        return _end(
            session, machine.BACK_OFF, claim, failure,
            retries=claim.retries + 1, troubled_since=since, **_due_at(now + wait),
        )  # fmt: skip


def _due_at(moment: dt.datetime) -> dict[str, Any]:
    return {"publishes": 0, "dispatch_after": moment, "not_before": moment}


def _end(
    session: Session, transition: machine.Transition, claim: Claim, failure: Failure | None = None, **values: Any
) -> bool:
    if failure:
        values |= {"error_code": failure.code, "error": failure.message}
    code, detail = (failure.code, failure.message) if failure else (None, None)
    moved = machine.move(
        session, transition, claim.job_id, _attempt(claim), values=values, code=code, detail=detail
    )  # fmt: skip
    return bool(moved)


def _attempt(claim: Claim) -> ColumnElement[bool]:
    return and_(Item.id == claim.item_id, Item.state == ItemState.RUNNING, Item.attempt == claim.attempt)
