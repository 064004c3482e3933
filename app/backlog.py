"""What waits and runs in each lane: read from what is open, however much has ended."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from app import jobs, machine
from app.models import Item, ItemState, Job, JobState, Lane

_OPEN = (JobState.QUEUED, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Backlog:
    """`oldest` is when the oldest job was submitted of which something waits."""

    waiting: int
    running: int
    oldest: dt.datetime | None


def of(session: Session, lane: Lane) -> Backlog:
    in_lane = Item.lane == lane
    running = session.scalar(select(func.count()).where(in_lane, Item.state == ItemState.RUNNING)) or 0
    waits = exists().where(Item.job_id == Job.id, Item.state.in_(machine.WAITING))
    oldest = select(Job.created_at).where(Job.lane == lane, Job.state.in_(_OPEN), waits).order_by(Job.id).limit(1)
    return Backlog(
        max(0, jobs.count_open(Job.lane == lane, session=session) - running), running, session.scalar(oldest)
    )
