"""What the page and the API do alike when they change something: submit, retry, delete."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

from flask import request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import ClientDisconnected

from app import assets, jobs, recipes, uploads
from app.collection import remove_unnamed
from app.errors import (
    BadField,
    CrossSiteRequest,
    DarkroomError,
    IncompleteUpload,
    InvalidParameter,
    TemporaryError,
    TooManyFiles,
)
from app.jobs import InTransaction
from app.models import Job, Lane
from app.recipes.schema import Value
from app.services import services
from app.uploads import ReceivedFile

log = logging.getLogger(__name__)

_READ_ON_BYTES = 100_000_000
_EXAMPLE = '{"quality": 70}'
_FIELDS = ("lane", "recipe", "vars")
_READING = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody asks for: a job of files that came along, and of assets that were there before."""

    recipe: str = recipes.DEFAULT
    variables: Mapping[str, Value] = field(default_factory=dict)
    lane: Lane | None = None
    files: Sequence[ReceivedFile] = ()
    assets: Sequence[UUID] = ()

    @property
    def fingerprint(self) -> str:
        """The same for the same order, however it was sent."""
        files = [(file.name, file.stored.sha256) for file in self.files]
        said = [self.recipe, dict(self.variables), self.lane, files, [str(asset) for asset in self.assets]]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def refuse_other_sites() -> None:
    """Before every request: a browser tells where one that changes something comes from. Raises CrossSiteRequest."""
    if request.method not in _READING and request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise CrossSiteRequest("A page of another site sent this request; open Darkroom's own page and send it there.")


def submit_request() -> Job:
    """Store the files of the current request and make a job of them; returns it as it was committed.

    Raises RequestError or TemporaryError; then there is no job. Once it is committed, nothing here can fail.
    """
    with answered_before_it_is_read():
        services().admission.check_queue(1)
    return submit(received_order())


def received_order() -> Order:
    """Store the files of the current request, and read its fields. Raises RequestError or TemporaryError."""
    received = _receive(_FIELDS)
    return Order(
        recipe=received.fields.get("recipe") or recipes.DEFAULT,
        variables=_variables(received.fields.get("vars")),
        lane=_lane(received.fields.get("lane")),
        files=received.files,
    )


def received_files() -> list[ReceivedFile]:
    """Store the files of the current request, which has no fields."""
    return _receive(()).files


def submit(order: Order, in_transaction: InTransaction = lambda *_: None) -> Job:
    """Make the job and publish it; `in_transaction` is called with it before it is committed.

    Raises RequestError or TemporaryError; then there is no job. Once it is committed, nothing here can fail.
    """
    shared = services()
    if len(order.assets) > shared.limits.files:
        raise TooManyFiles(f"The job has {len(order.assets):,} assets; {shared.limits.files:,} are the most.")
    shared.admission.check_queue(len(order.files) + len(order.assets))
    submission = jobs.submit(
        order.files, shared.store.has, order.lane, recipes.asked_for(order.recipe), order.variables, order.assets,
        in_transaction,
    )  # fmt: skip
    shared.publisher.publish_soon(submission.due)
    return submission.job


def read_body(most: int) -> bytes:
    """The body of the current request, as far as so many bytes and one more. Raises IncompleteUpload."""
    _bound_silence()
    try:
        return request.stream.read(most + 1)
    except (OSError, ClientDisconnected):
        raise IncompleteUpload("The connection broke before the body was complete; nothing was done.") from None


@contextmanager
def answered_before_it_is_read() -> Iterator[None]:
    """A client that sends first and reads then would miss an error if the connection were closed before."""
    try:
        yield
    except DarkroomError:
        left, body = min(request.content_length or 0, _READ_ON_BYTES), request.environ["wsgi.input"]
        with suppress(OSError):
            while left > 0 and (chunk := body.read(min(left, 64 * 1024))):
                left -= len(chunk)
        raise


def _receive(fields: Sequence[str]) -> uploads.Received:
    shared = services()
    _bound_silence()
    with answered_before_it_is_read():
        shared.admission.check_room(min(request.content_length or 0, shared.limits.bytes))
    body = request.environ["wsgi.input"]
    return uploads.receive(body, dict(request.headers), shared.store, shared.limits, fields)


def _bound_silence() -> None:
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(services().silence_seconds)  # gunicorn has none: a silent sender would hold a thread


def _lane(name: str | None) -> Lane | None:
    try:
        return Lane(name) if name else None
    except ValueError:
        raise _bad_field("lane", f"lane is {name!r}; it can be {' or '.join(Lane)}.") from None


def _variables(text: str | None) -> dict[str, Value]:
    try:
        values = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        message = f"vars can not be read as JSON ({error}); write for example {_EXAMPLE}."
        raise _bad_field("vars", message) from None
    if not isinstance(values, dict) or not all(isinstance(value, str | int | float) for value in values.values()):
        raise _bad_field("vars", f"vars is no object of texts, numbers and booleans; write for example {_EXAMPLE}.")
    return values


def _bad_field(name: str, message: str) -> InvalidParameter:
    return InvalidParameter(message, [BadField(message, f"/{name}")])


def retry_job(job_id: UUID) -> None:
    services().publisher.publish_soon(jobs.retry(job_id))


def retry_item(item_id: UUID) -> UUID:
    """Returns the job of the item."""
    due = jobs.retry_item(item_id)
    services().publisher.publish_soon(due)
    return due[0].job_id


def delete_job(job_id: UUID) -> None:
    """Delete the rows, then the files that nothing else names; what can not be removed now, the collection does."""
    _remove_files(jobs.remove(job_id), f"job {job_id}")


def delete_asset(asset_id: UUID) -> None:
    """As `delete_job`. Raises NotFound, AssetInUse."""
    _remove_files(assets.remove(asset_id), f"asset {asset_id}")


def _remove_files(hashes: list[str], of: str) -> None:
    try:
        remove_unnamed(services().store, hashes)
    except (OperationalError, TemporaryError) as error:
        log.warning("the files of %s are left to the collection: %s", of, error)
