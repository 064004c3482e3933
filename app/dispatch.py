"""What the dispatcher asks of the rows and does to them: what is due, what was published, which attempts are over."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from app import items, machine, owners
from app.database import transaction, utc_now
from app.errors import Retry, WorkerLost
from app.items import Failure, Patience
from app.models import Item, ItemState, Lane, LanePause

GRACE = dt.timedelta(seconds=5)
"""How long the web's own publisher has before the dispatcher publishes an item."""

LONG_QUEUED = dt.timedelta(hours=1)
"""For how long past its time a queued item waits to be published again while its lane is never empty."""

_REPUBLISH_AFTER = dt.timedelta(seconds=60)
_REPUBLISH_AT_MOST = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Due:
    """An item to publish: its id is the whole message, the lane is its queue."""

    id: UUID
    job_id: UUID
    lane: Lane
    due_since: dt.datetime
    attempt: int = 0
    publishes: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that somebody works on, or worked on when he was last heard of."""

    item_id: UUID
    job_id: UUID
    number: int
    strikes: int
    worker: str
    owner: str
    lease_until: dt.datetime


def due(session: Session, lane: Lane, state: ItemState, now: dt.datetime, limit: int) -> list[Due]:
    """The items of a lane in one of the two waiting states whose time to be published has come, by that time.

    None where the lane is paused.
    """
    rows = session.execute(
        select(Item.id, Item.job_id, Item.lane, Item.dispatch_after, Item.attempt, Item.publishes)
        .where(Item.lane == lane, Item.state == state, Item.dispatch_after <= now)
        .where(~exists().where(LanePause.lane == lane))
        .order_by(Item.dispatch_after)
        .limit(limit)
    )
    return [Due(*row) for row in rows]


def mark_published(published: Collection[Due], now: dt.datetime) -> None:
    """pending or queued → queued, where nothing has happened to the item since it was read.

    An item that no worker claims is published again later, each time after twice the wait.
    """
    moved = set()
    with transaction() as session:
        for item in sorted(published, key=lambda item: item.id):  # in one order everywhere: no deadlocks
            wait = min(_REPUBLISH_AFTER * 2 ** min(item.publishes, 10), _REPUBLISH_AT_MOST)
            unchanged = and_(Item.attempt == item.attempt, Item.publishes == item.publishes)
            if machine.move(
                session, machine.PUBLISH, item.job_id, Item.id == item.id, unchanged, note=item.publishes == 0,
                values={"publishes": item.publishes + 1, "dispatch_after": now + wait}, count_revision=False,
            ):  # fmt: skip
                moved.add(item.job_id)
        machine.revise(session, moved)


def running(session: Session) -> list[Attempt]:
    rows = session.execute(
        select(Item.id, Item.job_id, Item.attempt, Item.strikes, Item.worker, Item.owner, Item.lease_until).where(
            Item.state == ItemState.RUNNING
        )
    )
    return [Attempt(*row) for row in rows]  # type: ignore[arg-type]  # a running item has all of them


def take_back(attempt: Attempt, patience: Patience) -> bool:
    """running → pending or quarantined: its process is dead or its lease has ended. False: it lives after all."""
    over = Item.owner == attempt.owner if owners.is_provably_dead(attempt.owner) else Item.lease_until < utc_now()
    failure = Failure(WorkerLost.code, f"The worker {attempt.worker} was lost while it worked on this.", Retry.COUNTED)
    this = and_(Item.state == ItemState.RUNNING, Item.attempt == attempt.number, over)
    with transaction() as session:
        return items.strike(session, attempt.item_id, attempt.job_id, attempt.strikes, failure, patience, this)
