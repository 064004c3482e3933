"""Deleting jobs whose time is over, with their results."""

import datetime as dt
import logging
from uuid import UUID

from sqlalchemy import select

from app import jobs
from app.collection import remove_unnamed
from app.database import reading
from app.errors import NotFound, TemporaryError
from app.models import Job
from app.storage import Store

log = logging.getLogger(__name__)

EVERY = dt.timedelta(minutes=1)
_BATCH = 100


def delete_expired(store: Store, now: dt.datetime) -> int:
    """Delete what has expired by now; returns how many jobs that were."""
    deleted = 0
    while batch := _expired(now):
        for job_id in batch:
            try:
                hashes = jobs.remove(job_id, Job.expires_at <= now)
            except NotFound:
                continue  # somebody else was first, or it has been opened again
            deleted += 1
            try:
                remove_unnamed(store, hashes)
            except TemporaryError as error:
                log.warning("the files of job %s are left to the collection: %s", job_id, error)
    return deleted


def _expired(now: dt.datetime) -> list[UUID]:
    with reading() as session:
        return list(session.scalars(select(Job.id).where(Job.expires_at <= now).order_by(Job.expires_at).limit(_BATCH)))
