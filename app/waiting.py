"""Why an item waits, in words for people."""

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy.orm import Session

from app import jobs, lanes, machine, processes
from app.database import db, utc_now
from app.models import Item, ItemState, Job, ProcessKind

_LATE = dt.timedelta(seconds=10)


def reasons(job: Job) -> dict[UUID, str]:
    """A sentence for every item of the job that no worker has claimed."""
    waiting = [item for item in job.items if item.state in machine.WAITING]
    if not waiting:
        return {}
    session, now = db.session(), utc_now()
    whole_lane = _reason_of_lane(session, job, now)
    if whole_lane:
        return {item.id: whole_lane for item in waiting}
    ahead = jobs.count_open(Job.lane == job.lane, Job.id < job.id)  # messages are taken in order, more or less
    return dict(_each(job, waiting, ahead, _unsent(session, now), now))


def reason(item: Item) -> str | None:
    """The sentence for one item; how many of its own job are before it is not counted."""
    if item.state not in machine.WAITING:
        return None
    session, now = db.session(), utc_now()
    whole_lane = _reason_of_lane(session, item.job, now)
    if whole_lane:
        return whole_lane
    ahead = jobs.count_open(Job.lane == item.lane, Job.id < item.job_id)
    return dict(_each(item.job, [item], ahead, _unsent(session, now), now))[item.id]


def _reason_of_lane(session: Session, job: Job, now: dt.datetime) -> str | None:
    if since := lanes.paused(session).get(job.lane):
        return f"The lane {job.lane} is paused since {since:%Y-%m-%d %H:%M} UTC; it goes on when somebody resumes it."
    if not processes.alive(session, ProcessKind.WORKER, now):
        return "No worker gives a sign of life: none runs, or none reaches the message broker. It starts when one does."
    return None


def _each(job: Job, waiting: list[Item], ahead: int, unsent: str, now: dt.datetime) -> Iterator[tuple[UUID, str]]:
    for item in waiting:
        if item.collects and job.ended < job.total - job.collecting:
            yield item.id, "It is made when all files of the job have ended."
        elif item.not_before and item.not_before > now:
            yield item.id, f"It is tried again at {item.not_before:%H:%M:%S} UTC."
        elif item.state == ItemState.PENDING and item.dispatch_after < now - _LATE:
            yield item.id, unsent
        else:
            yield item.id, _behind(ahead)
            ahead += 1


def _unsent(session: Session, now: dt.datetime) -> str:
    if processes.alive(session, ProcessKind.DISPATCHER, now):
        return "The message broker does not take it yet; it is sent again every second."
    return "No dispatcher gives a sign of life; it is sent to the workers when one does."


def _behind(ahead: int) -> str:
    if not ahead:
        return "It is next."
    return f"{'One file is' if ahead == 1 else f'{ahead:,} files are'} before it."
