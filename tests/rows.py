"""The rows as they are at this moment; what is given back stays as it was."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from app import dispatch, jobs
from app.database import db, transaction, utc_now
from app.dispatch import Attempt, Due
from app.items import Patience
from app.models import Event, EventKind, Item, ItemState, Job, Lane

LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_WHOLE = (joinedload(Item.job), joinedload(Item.asset), selectinload(Item.outputs), selectinload(Item.events))


@contextmanager
def _now() -> Iterator[Session]:
    """A reading session that begins here and is over afterwards: SQLite would show an open one its own moment."""
    db.session.remove()
    yield db.session()
    db.session.remove()


def item(item_id: UUID) -> Item:
    with _now() as session:
        return session.scalars(select(Item).where(Item.id == item_id).options(*_WHOLE)).one()


def only_item() -> Item:
    with _now() as session:
        return session.scalars(select(Item).options(*_WHOLE)).one()


def states() -> list[ItemState]:
    """In the order in which they were submitted."""
    with _now() as session:
        return list(session.scalars(select(Item.state).join(Item.job).order_by(Job.created_at, Item.position)))


def job(job_id: UUID) -> Job:
    with _now():
        return jobs.get(job_id)


def events(item_id: UUID) -> list[Event]:
    """The item's timeline, the oldest first."""
    with _now() as session:
        return list(session.scalars(select(Event).where(Event.item_id == item_id).order_by(Event.id)))


def kinds(item_id: UUID) -> list[EventKind]:
    return [event.kind for event in events(item_id)]


def due(later: dt.timedelta = dt.timedelta(0)) -> list[Due]:
    """What may be published in so long from now: what was never published, then what was."""
    with _now() as session:
        states = ItemState.PENDING, ItemState.QUEUED
        return [
            found
            for state in states
            for lane in Lane
            for found in dispatch.due(session, lane, state, utc_now() + later, 10_000)
        ]


def attempt(item_id: UUID) -> Attempt:
    """The running one of the item."""
    with _now() as session:
        [found] = [attempt for attempt in dispatch.running(session) if attempt.item_id == item_id]
        return found


def lose(item_id: UUID, patience: Patience) -> bool:
    """The lease of the item ends, and a dispatcher takes it back."""
    change(item_id, lease_until=LONG_AGO)
    return dispatch.take_back(attempt(item_id), patience)


def change(item_id: UUID | None = None, **values: object) -> None:
    """Write into the item, or into all of them, past the state machine: for what takes long or can not be."""
    with transaction() as session:
        these = update(Item) if item_id is None else update(Item).where(Item.id == item_id)
        session.execute(these.values(values))


def make_due() -> None:
    change(dispatch_after=LONG_AGO)
