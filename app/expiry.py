"""Deleting jobs whose time is over, with their results."""

import datetime as dt
from uuid import UUID

from sqlalchemy import select

from app import jobs
from app.collection import remove_unnamed
from app.database import reading
from app.errors import NotFound
from app.models import Job
from app.storage import Store

EVERY = dt.timedelta(minutes=1)
_BATCH = 100


def delete_expired(store: Store, now: dt.datetime) -> int:
    """Delete what has expired by now; returns how many jobs that were."""
    deleted = 0
    while batch := _expired(now):
        for job_id in batch:
            try:
                hashes = jobs.remove(job_id)
            except NotFound:
                continue  # somebody else was first
            remove_unnamed(store, hashes)
            deleted += 1
    return deleted


def _expired(now: dt.datetime) -> list[UUID]:
    with reading() as session:
        return list(session.scalars(select(Job.id).where(Job.expires_at <= now).order_by(Job.expires_at).limit(_BATCH)))
