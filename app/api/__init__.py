"""The JSON API, version 1. Errors are application/problem+json (RFC 9457)."""

from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for

from app import jobs
from app.api.representations import job_document, job_summary
from app.errors import InvalidParameter
from app.submission import submit_request

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

_PAGE = 50


@blueprint.post("/jobs")
def create_job() -> tuple[Response, int, dict[str, str]]:
    """Make a job of the files of a multipart/form-data body: 202 and the job, which then changes by itself."""
    job_id = submit_request()
    location = url_for("api.get_job", job_id=job_id)
    return jsonify(job_document(jobs.get(job_id))), 202, {"Location": location, "Retry-After": "1"}


@blueprint.get("/jobs/<uuid:job_id>")
def get_job(job_id: UUID) -> Response:
    return jsonify(job_document(jobs.get(job_id)))


@blueprint.get("/jobs")
def list_jobs() -> Response:
    """The newest jobs first; `before=<id>` gives those that came before that one."""
    page = jobs.newest(_PAGE, before=_before())
    more = url_for("api.list_jobs", before=page[-1].id) if len(page) == _PAGE else None
    return jsonify({"jobs": [job_summary(job) for job in page], "next": more})


def _before() -> UUID | None:
    value = request.args.get("before", "")
    try:
        return UUID(value) if value else None
    except ValueError:
        raise InvalidParameter(f"before is {value[:80]!r}, which is not the id of a job.") from None
