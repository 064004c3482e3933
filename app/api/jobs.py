"""Jobs: make one of files or of assets, look at it, cancel, retry, delete it."""

import datetime as dt
import re
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from pydantic import BaseModel, BeforeValidator, Field
from werkzeug.datastructures import ETags

from app import idempotency, jobs, listings, submission
from app.api import idempotency_key, job_documents, preferences
from app.api.job_documents import Job, JobSummary, NextPage, accepted_document, job_document
from app.api.lists import LINKS, ListQuery, links, next_page
from app.api.operation import Answer, Body, Result, form, operation, read_json
from app.errors import (
    IncompleteUpload,
    InvalidParameter,
    KeyInUse,
    KeyReused,
    MalformedUpload,
    NoFiles,
    NothingToRetry,
    NotMultipart,
    TooManyFiles,
    UnknownAsset,
    UnknownRecipe,
    UploadTooLarge,
)
from app.idempotency import Reservation
from app.listings import Wanted
from app.models import JobState, Lane
from app.recipes import DEFAULT
from app.recipes.schema import Value
from app.services import services
from app.submission import Order

blueprint = Blueprint("jobs", __name__, url_prefix="/jobs")

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


def _moment(value: Any) -> Any:
    if isinstance(value, str) and not _RFC_3339.fullmatch(value):
        raise ValueError("is not a time with its zone; write for example 2026-01-31T12:00:00Z")
    return value


class JobsQuery(ListQuery[UUID]):
    state: JobState | None = None
    recipe: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="The name of a recipe.")
    lane: Lane | None = None
    since: Annotated[dt.datetime, BeforeValidator(_moment)] | None = Field(
        default=None, description="Only what was made at this moment or later."
    )
    q: str | None = Field(
        default=None, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$",
        description="Text in the name of a file. With this, or with several filters, a page looks at no more than"
        f" {listings.WINDOW:,} jobs: it may be empty, and go on at `next` all the same.",
    )  # fmt: skip


class JobList(BaseModel):
    jobs: list[JobSummary]
    next: NextPage


class NewJob(Body):
    """A job of assets that were uploaded before."""

    assets: list[UUID] = Field(min_length=1, max_length=100_000, description="Their ids.")
    recipe: str = Field(default=DEFAULT, max_length=100, description="`name` or `name@version`.")
    vars: dict[str, Value] = Field(default={}, description="Values for the variables of the recipe.")
    lane: Lane | None = Field(
        default=None, description="Where it waits; otherwise as the recipe or the number of files says."
    )


_FORM = form(
    recipe={"type": "string", "default": DEFAULT, "description": "`name` or `name@version`."},
    vars={
        "type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]},
        "description": "Values for the variables of the recipe, as JSON.",
    },
    lane={"enum": sorted(Lane), "description": "Where it waits."},
)  # fmt: skip
_MADE = {
    "Location": "Where the job is.",
    "Preference-Applied": "What of `Prefer` was honoured.",
    "Retry-After": "When to look at it, in seconds.",
}
_ETAG = {"ETag": "Changes with everything that happens to the job or to one of its items."}


@blueprint.get("")
@operation({200: Answer(JobList, "A page of the list.", LINKS)}, query=JobsQuery)
def list_jobs(query: JobsQuery) -> Result:
    """The newest jobs first, without their items."""
    wanted = Wanted(query.recipe, query.state, query.lane, query.since, query.q)
    page = listings.jobs(wanted, query.cursor)
    summaries = [job_documents.job_summary(job) for job in page.rows]
    return JobList(jobs=summaries, next=next_page(page)), 200, links(page)


@blueprint.post("")
@operation(
    {
        200: Answer(Job, "It has ended: only where `Prefer: wait=N` asked for that.", _MADE),
        202: Answer(Job, "It is accepted, and changes by itself from now on.", _MADE),
    },
    content={"multipart/form-data": _FORM, "application/json": NewJob},
    takes=preferences.TAKES | idempotency_key.TAKES,
    errors=(
        IncompleteUpload, InvalidParameter, KeyInUse, KeyReused, MalformedUpload, NoFiles, NotMultipart, TooManyFiles,
        UnknownAsset, UnknownRecipe, UploadTooLarge,
    ),
)  # fmt: skip
def create_job() -> Result:
    """Make a job of the files of a form, or of assets.

    It is accepted at once; ask for it at `Location` until its `state` is `succeeded`, `partial`, `failed` or
    `canceled`.
    """
    preference = preferences.asked()
    with idempotency_key.reserved() as reservation:
        job_id, accepted = _made(reservation)
    has_ended, applied = preferences.waited(job_id, preference)
    if has_ended:
        job = jobs.get(job_id)
        ended = {"Location": _url(job_id), **_etag(job.revision), **applied.headers}
        return job_document(job), 200, ended
    accepted.headers.update(applied.headers)
    return accepted


def _made(reservation: Reservation | None) -> tuple[UUID, Response]:
    """The job of the request and the first answer to it, also where both were made before."""
    order = _order(is_new=not (reservation and reservation.answer))
    if reservation and reservation.answer:
        first = reservation.answer.of(order.fingerprint)
        assert first.job_id
        return first.job_id, _accepted(first)
    answers: list[idempotency.Answer] = []

    def answer(session: Any, job: Any) -> None:
        headers, body = {"Location": _url(job.id), "Retry-After": "1"}, accepted_document(job).model_dump_json()
        answers.append(idempotency.Answer(order.fingerprint, 202, headers, body.encode(), job.id))
        if reservation:
            idempotency.answer(session, reservation, answers[0])

    job = submission.submit(order, answer)
    return job.id, _accepted(answers[0])


def _order(*, is_new: bool) -> Order:
    if is_new:  # what was accepted before is answered, however many wait
        with submission.answered_before_it_is_read():
            services().admission.check_queue(1)
    if request.mimetype != "application/json":
        return submission.received_order()
    asked = read_json(NewJob)
    return Order(asked.recipe, asked.vars, asked.lane, assets=asked.assets)


def _accepted(answer: idempotency.Answer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers), mimetype="application/json")


@blueprint.get("/<uuid:job_id>")
@operation(
    {200: Answer(Job, "The job with its items.", _ETAG), 304: Answer(None, "Nothing has happened to it.", _ETAG)},
    takes={"If-None-Match": "The `ETag` of an answer that is known."},
)
def get_job(job_id: UUID) -> Result:
    """One job with all its items.

    The `ETag` is weak: it stays the same while nothing happens to the job, although `waits_because` may be told
    in other words meanwhile.
    """
    if request.if_none_match:
        revision = jobs.revision(job_id)
        if _is_known(request.if_none_match, revision):
            return None, 304, _etag(revision)
    job = jobs.get(job_id)
    return job_document(job), 200, _etag(job.revision)


@blueprint.delete("/<uuid:job_id>")
@operation({204: Answer(None, "It is gone.")})
def delete_job(job_id: UUID) -> Result:
    """Delete a job with its items and outputs.

    Whatever its state; what runs is stopped. Files that nothing else uses are removed.
    """
    submission.delete_job(job_id)
    return None, 204


class Canceled(BaseModel):
    """How many items a cancellation stopped while they waited and while they ran, and how many had ended before."""

    waiting: int
    running: int
    ended: int


class Cancellation(BaseModel):
    canceled: Canceled
    job: Job


@blueprint.post("/<uuid:job_id>/cancel")
@operation({200: Answer(Cancellation, "How many items that were, and the job.")})
def cancel_job(job_id: UUID) -> Result:
    """Stop what waits and what runs of a job.

    What runs is stopped within a second; what has ended stays.
    """
    canceled = jobs.cancel(job_id)
    told = Canceled(waiting=canceled.waiting, running=canceled.running, ended=canceled.ended)
    return Cancellation(canceled=told, job=job_document(jobs.get(job_id)))


@blueprint.post("/<uuid:job_id>/retry")
@operation({202: Answer(Job, "The job, open again.")}, errors=[NothingToRetry])
def retry_job(job_id: UUID) -> Result:
    """Try every failed item of a job again.

    With the same version of the recipe.
    """
    submission.retry_job(job_id)
    return job_document(jobs.get(job_id)), 202


def _url(job_id: UUID) -> str:
    return url_for("api.jobs.get_job", job_id=job_id)


def _etag(revision: int) -> dict[str, str]:
    return {"ETag": f'W/"{revision}"', "Cache-Control": "private, no-cache"}


def _is_known(etags: ETags, revision: int) -> bool:
    return etags.contains_weak(str(revision))
