"""How jobs, items, outputs and their events look in JSON."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from flask import url_for
from pydantic import BaseModel, Field

from app import models, timeline, waiting
from app.api.asset_documents import AssetFacts
from app.api.moments import Moment
from app.models import EventKind, ItemState, JobState, Lane
from app.timeline import Timeline


def _absent(value: object) -> bool:
    return value is None


class Event(BaseModel):
    """One line of a timeline; what does not apply to it is left out."""

    at: Moment
    event: str = Field(description="`accepted`, or " + ", ".join(f"`{kind}`" for kind in EventKind) + ".")
    attempt: int | None = Field(default=None, exclude_if=_absent)
    worker: str | None = Field(default=None, exclude_if=_absent)
    code: str | None = Field(default=None, exclude_if=_absent)
    detail: str | None = Field(default=None, exclude_if=_absent)


class JobEvent(Event):
    item: UUID


class Output(BaseModel):
    """A finished file; `name` is the recipe's name for it. What is no picture has no width and height."""

    id: UUID
    name: str
    filename: str
    media_type: str
    bytes: int
    width: int | None
    height: int | None
    quality: int | None
    tries: int
    reused: bool
    sha256: str
    url: str


class JobOutput(Output):
    item: UUID


class ItemError(BaseModel):
    code: str
    message: str


class Item(BaseModel):
    """One file of a job, or what is collected from the results of all others."""

    id: UUID
    name: str
    collects: bool
    state: ItemState
    attempt: int
    waits_because: str | None = Field(
        description="Why it waits; null where it does not, and where the item is one of a page or of a job just made."
    )
    not_before: Moment | None
    started_at: Moment | None
    finished_at: Moment | None
    asset: AssetFacts | None
    data: dict[str, Any] | None = Field(description="What was found out: the placeholder, the dominant colour, …")
    error: ItemError | None
    outputs: list[Output]
    timeline: list[Event] = Field(description=f"The newest {timeline.SHOWN} lines; an item alone shows all.")
    timeline_left_out: int
    url: str


class SingleItem(Item):
    job: str = Field(description="Where its job is.")


class RecipeUsed(BaseModel):
    name: str
    version: int
    vars: dict[str, Any]


class Progress(BaseModel):
    """How many items there are, and how they ended."""

    total: int
    ended: int
    succeeded: int
    failed: int
    quarantined: int
    canceled: int


class JobSummary(BaseModel):
    """A job without its items."""

    id: UUID
    state: JobState
    lane: Lane
    recipe: RecipeUsed
    created_at: Moment
    finished_at: Moment | None
    expires_at: Moment | None
    progress: Progress
    url: str
    page: str = Field(description="Its page, for people.")


class Job(JobSummary):
    zip: str | None = Field(description="All results as one file; null until the job has ended with any.")
    items: list[Item]


NextPage = Annotated[str | None, Field(description="Where the list goes on; null where it ends.")]


def job_summary(job: models.Job) -> JobSummary:
    return JobSummary(**_summary(job))


def accepted_document(job: models.Job) -> Job:
    """As it was committed; the database is not asked again, because nothing may fail any more."""
    return _document(job, {}, {})


def job_document(job: models.Job) -> Job:
    return _document(job, waiting.reasons(job), timeline.of_job(job.id))


def item_document(item: models.Item) -> SingleItem:
    """With its whole timeline."""
    why = waiting.reason(item)
    job = url_for("api.jobs.get_job", job_id=item.job_id)
    return SingleItem(**_item(item, why, timeline.of_item(item.id)), job=job)


def items_of(items: Sequence[models.Item], why: Mapping[UUID, str], timelines: Mapping[UUID, Timeline]) -> list[Item]:
    return [Item(**_item(item, why.get(item.id), timelines.get(item.id, Timeline()))) for item in items]


def job_output(output: models.Output) -> JobOutput:
    return JobOutput(**_output(output), item=output.item_id)


def job_event(event: models.Event) -> JobEvent:
    return JobEvent(**_event(event), item=event.item_id)


def _summary(job: models.Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state,
        "lane": job.lane,
        "recipe": {"name": job.recipe, "version": job.recipe_version, "vars": job.variables},
        "created_at": job.created_at,
        "finished_at": job.finished_at,
        "expires_at": job.expires_at,
        "progress": {
            "total": job.total,
            "ended": job.ended,
            "succeeded": job.succeeded,
            "failed": job.failed,
            "quarantined": job.quarantined,
            "canceled": job.canceled,
        },
        "url": url_for("api.jobs.get_job", job_id=job.id),
        "page": url_for("pages.job", job_id=job.id),
    }


def _document(job: models.Job, why: Mapping[UUID, str], timelines: Mapping[UUID, Timeline]) -> Job:
    return Job(**_summary(job), zip=_zip(job), items=items_of(job.items, why, timelines))


def _zip(job: models.Job) -> str | None:
    """Where all results can be downloaded at once; None until there is something."""
    whole = job.state.final and any(item.outputs for item in job.items)
    return url_for("downloads.archive", job_id=job.id) if whole else None


def _item(item: models.Item, waits_because: str | None, told: Timeline) -> dict[str, Any]:
    return {
        "id": item.id,
        "name": item.name,
        "collects": item.collects is not None,
        "state": item.state,
        "attempt": item.attempt,
        "waits_because": waits_because,
        "not_before": item.not_before,
        "started_at": item.started_at,
        "finished_at": item.finished_at,
        "asset": AssetFacts.of(item.asset) if item.asset else None,
        "data": item.data,
        "error": None if item.error is None else {"code": item.error_code, "message": item.error},
        "outputs": [_output(output) for output in item.outputs],
        "timeline": [
            {"at": item.job.created_at, "event": "accepted"},
            *(_event(event) for event in told.events),
        ],
        "timeline_left_out": told.left_out,
        "url": url_for("api.items.get_item", item_id=item.id),
    }


def _output(output: models.Output) -> dict[str, Any]:
    return {
        "id": output.id,
        "name": output.name,
        "filename": output.filename,
        "media_type": output.media_type,
        "bytes": output.bytes,
        "width": output.width,
        "height": output.height,
        "quality": output.quality,
        "tries": output.tries,
        "reused": output.reused,
        "sha256": output.sha256,
        "url": url_for("downloads.output", output_id=output.id),
    }


def _event(event: models.Event) -> dict[str, Any]:
    return {
        "at": event.at, "event": event.kind, "attempt": event.attempt or None, "worker": event.worker,
        "code": event.code, "detail": event.detail,
    }  # fmt: skip
