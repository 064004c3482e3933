"""What the page and the API do alike when they change something: submit, retry, delete."""

import json
import logging
from contextlib import suppress
from uuid import UUID

from flask import request
from sqlalchemy.exc import OperationalError

from app import jobs, recipes, uploads
from app.collection import remove_unnamed
from app.errors import CrossSiteRequest, InvalidParameter, TemporaryError
from app.models import Job, Lane
from app.recipes.schema import Value
from app.services import services

log = logging.getLogger(__name__)

_READ_ON_BYTES = 100_000_000
_EXAMPLE = '{"quality": 70}'
_FIELDS = ("lane", "recipe", "vars")
_READING = ("GET", "HEAD", "OPTIONS")


def refuse_other_sites() -> None:
    """Before every request: a browser tells where one that changes something comes from. Raises CrossSiteRequest."""
    if request.method not in _READING and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise CrossSiteRequest("A page of another site sent this request; open Darkroom's own page and send it there.")


def submit_request() -> Job:
    """Store the files of the current request and make a job of them; returns it as it was committed.

    Raises RequestError or TemporaryError; then there is no job. Once it is committed, nothing here can fail.
    """
    shared = services()
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(shared.silence_seconds)  # gunicorn has none: a silent sender would hold a thread
    body = request.environ["wsgi.input"]
    try:
        shared.admission.check_queue(1)
        shared.admission.check_room(min(request.content_length or 0, shared.limits.bytes))
    except TemporaryError:
        _read_on(body)
        raise
    received = uploads.receive(body, dict(request.headers), shared.store, shared.limits, fields=_FIELDS)
    lane = _lane(received.fields.get("lane"))
    recipe = recipes.asked_for(received.fields.get("recipe") or recipes.DEFAULT)
    variables = _variables(received.fields.get("vars"))
    shared.admission.check_queue(len(received.files))
    submission = jobs.submit(received.files, shared.store.has, lane, recipe, variables)
    shared.publisher.publish_soon(submission.due)
    return submission.job


def _read_on(body: uploads.Readable) -> None:
    """A client that sends first and reads then would miss the answer if the connection were closed before."""
    left = min(request.content_length or 0, _READ_ON_BYTES)
    with suppress(OSError):
        while left > 0 and (chunk := body.read(min(left, 64 * 1024))):
            left -= len(chunk)


def _lane(name: str | None) -> Lane | None:
    try:
        return Lane(name) if name else None
    except ValueError:
        raise InvalidParameter(f"lane is {name!r}; it can be {' or '.join(Lane)}.") from None


def _variables(text: str | None) -> dict[str, Value]:
    try:
        values = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise InvalidParameter(f"vars can not be read as JSON ({error}); write for example {_EXAMPLE}.") from None
    if not isinstance(values, dict) or not all(isinstance(value, str | int | float) for value in values.values()):
        raise InvalidParameter(f"vars is no object of texts, numbers and booleans; write for example {_EXAMPLE}.")
    return values


def retry_job(job_id: UUID) -> None:
    services().publisher.publish_soon(jobs.retry(job_id))


def retry_item(item_id: UUID) -> UUID:
    """Returns the job of the item."""
    due = jobs.retry_item(item_id)
    services().publisher.publish_soon(due)
    return due[0].job_id


def delete_job(job_id: UUID) -> None:
    """Delete the rows, then the files that nothing else names; what can not be removed now, the collection does."""
    hashes = jobs.remove(job_id)
    try:
        remove_unnamed(services().store, hashes)
    except (OperationalError, TemporaryError) as error:
        log.warning("the files of job %s are left to the collection: %s", job_id, error)
