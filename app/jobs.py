"""Use cases of jobs: submit one, look at one, list them. Raises NotFound for what is not there."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app import recipes
from app.database import Base, db, transaction, utc_now
from app.errors import NoFiles, NotFound
from app.items import DISPATCH_GRACE, Due
from app.models import Asset, Item, Job, Lane, Output
from app.uploads import ReceivedFile

BULK_ABOVE = 50
"""A job with more items than this waits in the bulk lane."""

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True)
class Submission:
    """A job that is committed, whole in memory, and the items that are to be published for it."""

    job: Job
    due: list[Due]


def submit(files: Sequence[ReceivedFile]) -> Submission:
    """Record an asset per file and one job with an item per file. Raises NoFiles."""
    if not files:
        raise NoFiles("The request has no file; send at least one, as `curl -F file=@photo.jpg` does.")
    recipe, now = recipes.latest(recipes.DEFAULT), utc_now()
    lane = Lane.BULK if len(files) > BULK_ABOVE else Lane.INTERACTIVE
    job = Job(lane=lane, recipe=recipe.name, recipe_version=recipe.version, total=len(files))
    job.items = [_item(file, position, now) for position, file in enumerate(files)]
    with transaction() as session:
        session.add(job)
    return Submission(job, [Due(item.id, lane) for item in job.items])


def _item(file: ReceivedFile, position: int, now: dt.datetime) -> Item:
    asset = Asset(name=file.name, sha256=file.stored.sha256, bytes=file.stored.bytes)
    return Item(asset=asset, position=position, dispatch_after=now + DISPATCH_GRACE, outputs=[])


def get(job_id: UUID) -> Job:
    """The job with its items, assets and outputs."""
    whole = (selectinload(Job.items).options(joinedload(Item.asset), selectinload(Item.outputs)),)
    return _found(db.session.get(Job, job_id, options=whole), "job", job_id)


def newest(limit: int, before: UUID | None = None) -> Sequence[Job]:
    """Jobs without their items, the newest first; `before` is the id of the last job of the page before."""
    query = select(Job).order_by(Job.id.desc()).limit(limit)
    return db.session.scalars(query.where(Job.id < before) if before else query).all()


def output(output_id: UUID) -> Output:
    return _found(db.session.get(Output, output_id), "output", output_id)


def _found(row: Row | None, kind: str, row_id: UUID) -> Row:
    if row is None:
        raise NotFound(f"There is no {kind} {row_id}.")
    return row
