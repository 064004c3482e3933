"""Use cases of jobs: submit one, look at one, list them; cancel, retry, delete. NotFound for what is not there."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from app import machine, recipes, totals
from app.collection import keep_files
from app.database import batches, db, reading, transaction, utc_now
from app.dispatch import GRACE, Due
from app.errors import (
    AssetNotDownloaded,
    BadField,
    NoFiles,
    NotFound,
    NothingToDownload,
    NothingToRetry,
    UnknownAsset,
)
from app.ids import new_id
from app.imaging.naming import without_page
from app.machine import FAILURES, WHEN_ALL_ENDED
from app.models import Asset, Item, ItemState, Job, JobState, Lane, Output
from app.recipes import Recipe
from app.recipes.recipe import Values
from app.recipes.schema import seconds
from app.uploads import ReceivedFile, RemoteFile

BULK_ABOVE = 50
"""A job with more items than this waits in the bulk lane, unless it names its lane."""

_NO_ERROR: dict[str, object] = {"error_code": None, "error": None}

Found = TypeVar("Found")
InTransaction = Callable[[Session, Job], None]


@dataclass(frozen=True, slots=True)
class Submission:
    """A job that is committed, whole in memory, and the items that are to be published for it."""

    job: Job
    due: list[Due]


@dataclass(frozen=True, slots=True)
class Cancellation:
    """How many items a cancellation stopped while they waited and while they ran, and how many had ended before."""

    waiting: int
    running: int
    ended: int


def submit(
    files: Sequence[ReceivedFile | RemoteFile], is_stored: Callable[[str], bool], lane: Lane | None = None,
    recipe: Recipe | None = None, variables: Values = MappingProxyType({}), assets: Sequence[UUID] = (),
    in_transaction: InTransaction = lambda *_: None,
) -> Submission:  # fmt: skip
    """Record an asset per file, and one job with an item per file and per asset that was there before.

    Remote files are downloaded by the workers. `lane` comes before the recipe's, and that before the one that the
    number of files decides. `in_transaction` is called with the job before it is committed. Raises NoFiles,
    UnknownAsset, AssetNotDownloaded, FilesCollected, and InvalidParameter where a variable is wrong or the recipe does
    not work with these.
    """
    count = len(files) + len(assets)
    if not count:
        raise NoFiles("The request has no file; send at least one, as `curl -F file=@photo.jpg` does.")
    recipe = recipe or recipes.latest(recipes.DEFAULT)
    recipe.making(variables)
    job = _job(recipe, variables, count, lane)
    with transaction() as session:
        originals = [*map(_asset, files), *_known_assets(session, assets)]
        job.items = _items(job, originals, tuple(recipe.document.collect))
        keep_files(session, filter(None, (asset.sha256 for asset in originals)), is_stored)
        session.add(job)
        session.flush()
        in_transaction(session, job)
        size = sum(file.stored.bytes for file in files if isinstance(file, ReceivedFile))
        totals.count(session, jobs_accepted=1, items_accepted=job.total, input_bytes=size)
    return Submission(job, [Due(item.id, job.id, job.lane, item.dispatch_after) for item in job.items if item.asset])


def _job(recipe: Recipe, variables: Values, files: int, lane: Lane | None) -> Job:
    document = recipe.document
    lane = lane or (Lane(document.run.lane) if document.run.lane else None)
    expire_after = document.results.expire_after
    return Job(
        lane=lane or (Lane.BULK if files > BULK_ABOVE else Lane.INTERACTIVE),
        recipe=recipe.name, recipe_version=recipe.version, variables=dict(variables),
        total=files + len(document.collect), collecting=len(document.collect),
        stop_on_error=document.run.on_error == "cancel",
        keep_seconds=seconds(expire_after) if expire_after else None, notify=recipe.notify or None,
    )  # fmt: skip


def _items(job: Job, originals: Sequence[Asset], collect: Sequence[str]) -> list[Item]:
    due = utc_now() + GRACE
    items = [Item(asset=asset, dispatch_after=due) for asset in originals]
    items += [Item(asset=None, collects=name, dispatch_after=WHEN_ALL_ENDED) for name in collect]
    ids = sorted(new_id() for _ in items)  # as their positions: a database may lock in the order of either
    for position, item in enumerate(items):
        item.id, item.position, item.lane, item.outputs = ids[position], position, job.lane, []
    return items


def _asset(file: ReceivedFile | RemoteFile) -> Asset:
    if isinstance(file, RemoteFile):
        return Asset(name=file.name, source_url=file.url)
    return Asset(name=file.name, sha256=file.stored.sha256, bytes=file.stored.bytes)


def _known_assets(session: Session, ids: Sequence[UUID]) -> list[Asset]:
    """In the order in which they were named; nobody deletes them before the transaction ends.

    Raises UnknownAsset, AssetNotDownloaded.
    """
    found: dict[UUID, Asset] = {}
    for batch in batches(sorted(set(ids))):
        rows = select(Asset).where(Asset.id.in_(batch)).order_by(Asset.id).with_for_update(read=True)
        found |= {asset.id: asset for asset in session.scalars(rows)}
    missing = [
        BadField(f"There is no asset {asset_id}.", f"/assets/{at}")
        for at, asset_id in enumerate(ids)
        if asset_id not in found
    ]
    if missing:
        raise UnknownAsset(missing[0].detail, missing[:20])
    coming = [
        BadField(f"The asset {asset_id} is not downloaded yet.", f"/assets/{at}")
        for at, asset_id in enumerate(ids)
        if found[asset_id].sha256 is None
    ]
    if coming:  # two items that download one asset would each have content of their own
        raise AssetNotDownloaded(coming[0].detail, coming[:20])
    return [found[asset_id] for asset_id in ids]


def get(job_id: UUID) -> Job:
    """The job with its items, their assets and their outputs."""
    whole = selectinload(Job.items).options(joinedload(Item.asset), selectinload(Item.outputs))
    return _found(db.session.get(Job, job_id, options=(whole,)), "job", job_id)


def revision(job_id: UUID) -> int:
    """How often something has happened to the job; reads one row and nothing else."""
    return _found(db.session.scalar(select(Job.revision).where(Job.id == job_id)), "job", job_id)


def state(job_id: UUID) -> JobState | None:
    """What it is at this moment; None where it is not there. Holds no connection afterwards."""
    with reading() as session:
        return session.scalar(select(Job.state).where(Job.id == job_id))


def item(item_id: UUID) -> Item:
    """The item with its job, its asset and its outputs."""
    whole = joinedload(Item.job), joinedload(Item.asset), selectinload(Item.outputs)
    return _found(db.session.get(Item, item_id, options=whole), "item", item_id)


def newest(limit: int, before: UUID | None = None) -> Sequence[Job]:
    """Jobs without their items, the newest first; `before` is the id of the last job of the page before."""
    query = select(Job).order_by(Job.id.desc()).limit(limit)
    return db.session.scalars(query.where(Job.id < before) if before else query).all()


def output(output_id: UUID) -> Output:
    return _found(db.session.get(Output, output_id), "output", output_id)


def collectable(job_id: UUID, names: Collection[str]) -> Sequence[Output]:
    """The outputs of these names, of every page, of all files of the job, in the order of the files and of the outputs
    of each.
    """
    with reading() as session:
        rows = session.scalars(
            select(Output)
            .join(Output.item)
            .where(Item.job_id == job_id, Item.collects.is_(None))
            .where(or_(Output.name.in_(names), *(Output.name.startswith(f"{name}-p") for name in names)))
            .order_by(Item.position, Output.position)
            .options(contains_eager(Output.item).joinedload(Item.asset))
        ).all()
    return [row for row in rows if without_page(row.name) in names]


def results(job_id: UUID) -> tuple[Job, Sequence[Output]]:
    """The ended job, without its items, and all its outputs in the order of the job. Raises NothingToDownload."""
    job = _found(db.session.get(Job, job_id), "job", job_id)
    if not job.state.final:
        raise NothingToDownload(
            f"The job is {job.state}: {job.ended} of {job.total} files are done. Come back when it has"
            " ended, or cancel it."
        )
    order = Item.position, Output.position
    of_job = select(Output).join(Output.item).where(Item.job_id == job_id).options(contains_eager(Output.item))
    outputs = db.session.scalars(of_job.order_by(*order)).all()
    if not outputs:
        raise NothingToDownload("The job has ended without any result; its page tells why, file by file.")
    return job, outputs


def cancel(job_id: UUID) -> Cancellation:
    """Stop what waits and what runs. A worker sees within a second that its attempt is over, and kills the work."""
    with transaction() as session:
        states = [state for _, state in _locked(session, job_id)]
        machine.move(session, machine.CANCEL, job_id, Item.job_id == job_id, values=_NO_ERROR)
        running, ended = states.count(ItemState.RUNNING), sum(state.final for state in states)
        return Cancellation(waiting=len(states) - running - ended, running=running, ended=ended)


def retry(job_id: UUID) -> list[Due]:
    """Give every failed or quarantined item of the job a new start, with the same version of the recipe.

    Returns what is to be published. Raises NothingToRetry.
    """
    failed = Item.job_id == job_id, Item.state.in_(FAILURES)
    with transaction() as session:
        _locked(session, job_id)
        ids = _retried(session, job_id, *failed)
        if not ids:
            raise NothingToRetry("No file of this job has failed; only those that failed can be tried again.")
        return _due(session, ids)


def retry_item(item_id: UUID) -> list[Due]:
    """As `retry`, for one item, which may also have been canceled."""
    with transaction() as session:
        item = _found(session.get(Item, item_id), "item", item_id)
        if item.job.collecting:
            _locked(session, item.job_id)
        if not _retried(session, item.job_id, Item.id == item_id):
            raise NothingToRetry(f"The item is {item.state}; only one that failed or was canceled can be tried again.")
        return _due(session, [item_id])


def _retried(session: Session, job_id: UUID, *where: ColumnElement[bool]) -> list[UUID]:
    """Those of these items that have a new start.

    Where files are among them, what was collected from the results of all is made again, after them.
    """
    sources = Item.state.in_(machine.RETRY.sources)
    files = select(Item.id).where(*where, sources, Item.collects.is_(None)).order_by(Item.id)
    ids = list(session.scalars(files))
    if not ids:
        ids = list(session.scalars(select(Item.id).where(*where, sources).order_by(Item.id)))
        return ids if machine.move(session, machine.RETRY, job_id, *where, values=_anew()) else []
    if not machine.move(session, machine.RETRY, job_id, *where, Item.collects.is_(None), values=_anew()):
        return []
    if not session.scalar(select(Job.collecting).where(Job.id == job_id)):
        return ids  # to look for more would touch items that others hold: only who has locked all of them first may
    collecting = Item.job_id == job_id, Item.collects.is_not(None)
    later = _anew() | {"dispatch_after": WHEN_ALL_ENDED}
    machine.move(session, machine.AWAIT, job_id, *collecting, values=later, note=False)
    for transition in (machine.HAND_BACK, machine.RECOLLECT):  # whoever collects at this moment is overtaken
        machine.move(session, transition, job_id, *collecting, values=later)
    session.execute(delete(Output).where(Output.item_id.in_(select(Item.id).where(*collecting))))
    return ids


def remove(job_id: UUID, *where: ColumnElement[bool]) -> list[str]:
    """Delete the job with its items, outputs and timelines; what runs is stopped as by `cancel`.

    `where` must be true of it at that moment, or it counts as not there. Returns the hashes of the files that it named;
    some other row may name them too.
    """
    of_job = Item.job_id == job_id
    with transaction() as session:
        locked = session.scalars(select(Item.asset_id).where(of_job).order_by(Item.id).with_for_update()).all()
        assets = [asset_id for asset_id in locked if asset_id is not None]
        job = _found(session.scalar(select(Job).where(Job.id == job_id, *where)), "job", job_id)
        hashes = {
            *session.scalars(select(Asset.sha256).join(Item).where(of_job)),
            *session.scalars(select(Output.sha256).join(Item).where(of_job)),
        } - {None}
        session.delete(job)
        session.flush()
        for batch in batches(sorted(set(assets))):
            going = Asset.id.in_(batch), Asset.kept.is_(False)
            # First the lock, then the look: whoever makes a job of one of them right now holds it, and has to be seen.
            session.execute(select(Asset.id).where(*going).order_by(Asset.id).with_for_update())
            session.execute(delete(Asset).where(*going, ~exists().where(Item.asset_id == Asset.id)))
        return sorted(map(str, hashes))


def _locked(session: Session, job_id: UUID) -> list[tuple[UUID, ItemState]]:
    """As machine.lock_items; raises NotFound."""
    return machine.lock_items(session, job_id) or _found(None, "job", job_id)


def count_open(*where: ColumnElement[bool], session: Session | None = None) -> int:
    """The items of these jobs that have not ended; counted from the jobs, of which there are fewer."""
    session = session or db.session()
    left = func.sum(Job.total - Job.succeeded - Job.failed - Job.quarantined - Job.canceled)
    return int(session.scalar(select(left).where(Job.state.in_((JobState.QUEUED, JobState.RUNNING)), *where)) or 0)


def _anew() -> dict[str, object]:
    """A retry by hand forgets how the attempts before went, but not their number: it is the fencing token."""
    return _NO_ERROR | {
        "strikes": 0, "retries": 0, "troubled_since": None, "publishes": 0,
        "not_before": None, "dispatch_after": utc_now() + GRACE,
    }  # fmt: skip


def _due(session: Session, ids: Sequence[UUID]) -> list[Due]:
    rows = select(Item.id, Item.job_id, Item.lane, Item.dispatch_after, Item.attempt, Item.publishes)
    return [Due(*row) for batch in batches(ids) for row in session.execute(rows.where(Item.id.in_(batch)))]


def _found(row: Found | None, kind: str, row_id: UUID) -> Found:
    if row is None:
        raise NotFound(f"There is no {kind} {row_id}.")
    return row
