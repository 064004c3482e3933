"""What waits in each lane, and for how long."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select

from app import lanes, machine
from app.database import db
from app.machine import WHEN_ALL_ENDED
from app.models import Item, ItemState, Job, Lane


@dataclass(frozen=True, slots=True)
class Load:
    """`oldest_since` is when the job was made of which a file has waited for the longest time."""

    lane: Lane
    waiting: int
    running: int
    oldest_since: dt.datetime | None
    paused_since: dt.datetime | None


def of_lanes() -> list[Load]:
    """Of every lane; what is collected from the results of files that have not ended does not count as waiting."""
    session = db.session()
    states = [*machine.WAITING, ItemState.RUNNING]
    waits = Item.state.in_(states), Item.dispatch_after < WHEN_ALL_ENDED
    counted = select(Item.lane, Item.state, func.count()).where(*waits).group_by(Item.lane, Item.state)
    counts: dict[tuple[Lane, bool], int] = defaultdict(int)
    for lane, state, count in session.execute(counted):
        counts[lane, state == ItemState.RUNNING] += count
    paused = lanes.paused(session)
    return [Load(lane, counts[lane, False], counts[lane, True], _oldest(lane), paused.get(lane)) for lane in Lane]


def _oldest(lane: Lane) -> dt.datetime | None:
    waits = Item.lane == lane, Item.state.in_(machine.WAITING), Item.dispatch_after < WHEN_ALL_ENDED
    oldest: dt.datetime | None = db.session.scalar(select(func.min(Job.created_at)).join(Job.items).where(*waits))
    return oldest
