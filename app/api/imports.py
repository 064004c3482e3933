"""A job of files that are elsewhere: the body names their URLs, and the workers download them."""

from typing import Annotated
from urllib.parse import unquote, urlsplit

from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app import jobs, recipes
from app.errors import InvalidParameter, OutgoingRefused, TooManyFiles, UrlImportOff
from app.models import Job, Lane
from app.names import safe_name
from app.recipes.faults import Fault, faults_of, strange, told
from app.recipes.schema import Value
from app.services import services
from app.uploads import RemoteFile

_MAX_BYTES = 4_000_000


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    urls: Annotated[list[str], Field(min_length=1)]
    recipe: str = recipes.DEFAULT
    vars: dict[str, Value] = {}
    lane: Lane | None = None


def submit_urls() -> Job:
    """As submission.submit_request, for a JSON body; what can be refused without any request is refused at once.

    Raises RequestError or TemporaryError; then there is no job.
    """
    shared = services()
    if not shared.url_import:
        raise UrlImportOff("Jobs can not be made from URLs here; send the files, or switch URL_IMPORT on.")
    shared.admission.check_queue(1)
    shared.admission.check_room(0)
    asked = _read()
    if len(asked.urls) > shared.limits.files:
        raise TooManyFiles(
            f"The job has {len(asked.urls):,} files; it may have {shared.limits.files:,}."
            " Send the rest as another job, or raise MAX_JOB_FILES."
        )
    if faults := [fault for at, url in enumerate(asked.urls) if (fault := _refused(at, url))]:
        raise OutgoingRefused(told(faults))
    shared.admission.check_queue(len(asked.urls))
    files = [RemoteFile(_name(url), url) for url in asked.urls]
    submission = jobs.submit(files, shared.store.has, asked.lane, recipes.asked_for(asked.recipe), asked.vars)
    shared.publisher.publish_soon(submission.due)
    return submission.job


def _read() -> _Asked:
    body = request.stream.read(_MAX_BYTES + 1)
    if len(body) > _MAX_BYTES:
        raise InvalidParameter(f"The body has more than {_MAX_BYTES:,} bytes; make several jobs of it.")
    try:
        asked = _Asked.model_validate_json(body)
    except ValidationError as error:
        raise InvalidParameter(told(faults_of(error, _Asked))) from None
    if faults := list(strange(asked.model_dump(mode="json"))):
        raise InvalidParameter(told(faults))
    return asked


def _refused(at: int, url: str) -> Fault | None:
    try:
        services().outgoing.check(url)
    except OutgoingRefused as error:
        return Fault(f"urls.{at}", str(error))
    return None


def _name(url: str) -> str:
    """The last part of the path."""
    return safe_name(unquote(urlsplit(url).path))
