"""Pausing a lane: nothing of it is published or claimed until it is resumed. What runs already goes on."""

import datetime as dt

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app import machine
from app.database import transaction, utc_now
from app.machine import WHEN_ALL_ENDED
from app.models import Item, Lane, LanePause

_BATCH = 500


def pause(lane: Lane) -> bool:
    """False: it was paused before."""
    with transaction() as session:
        if session.get(LanePause, lane):
            return False
        session.add(LanePause(lane=lane))
        return True


def resume(lane: Lane) -> bool:
    """Make all that waits there due, because its messages were dropped meanwhile. False: it was not paused.

    What is there is made due before the pause ends: whoever is interrupted in between finds the lane paused, or well.
    """
    make_due(lane)
    with transaction() as session:
        was_paused = session.get(LanePause, lane)
        if was_paused is None:
            return False
        session.delete(was_paused)
    make_due(lane)  # what came in that moment
    return True


def make_due(lane: Lane) -> None:
    """Let everything that waits there be published again, whenever it was published last."""
    now = utc_now()
    while _make_due(lane, now):
        pass


def _make_due(lane: Lane, now: dt.datetime) -> int:
    """Some of those that wait there, so that nobody else waits long for the database; returns how many."""
    ready = or_(Item.not_before.is_(None), Item.not_before <= now)
    with transaction() as session:
        ids = session.scalars(
            select(Item.id)
            .where(Item.lane == lane, Item.state.in_(machine.WAITING), Item.dispatch_after > now, ready)
            .where(Item.dispatch_after < WHEN_ALL_ENDED)  # what collects has its time when all files have ended
            .order_by(Item.id)  # everybody locks several items in this order
            .limit(_BATCH)
            .with_for_update()
        ).all()
        session.execute(update(Item).where(Item.id.in_(ids)).values(publishes=0, dispatch_after=now))
        return len(ids)


def paused(session: Session) -> dict[Lane, dt.datetime]:
    """The paused lanes, and since when."""
    return {pause.lane: pause.since for pause in session.scalars(select(LanePause))}
