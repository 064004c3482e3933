"""The JSON API, version 1. Errors are application/problem+json (RFC 9457)."""

from uuid import UUID

from flask import Blueprint, Response, jsonify, url_for

from app import jobs
from app.api.representations import job_document, job_summary
from app.paging import before_parameter
from app.submission import submit_request

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

_PAGE = 50


@blueprint.post("/jobs")
def create_job() -> tuple[Response, int, dict[str, str]]:
    """Make a job of the files of a multipart/form-data body: 202 and the job, which then changes by itself."""
    job = submit_request()
    location = url_for("api.get_job", job_id=job.id)
    return jsonify(job_document(job)), 202, {"Location": location, "Retry-After": "1"}


@blueprint.get("/jobs/<uuid:job_id>")
def get_job(job_id: UUID) -> Response:
    return jsonify(job_document(jobs.get(job_id)))


@blueprint.get("/jobs")
def list_jobs() -> Response:
    """The newest jobs first; `before=<id>` gives those that came before that one."""
    page = jobs.newest(_PAGE, before=before_parameter())
    more = url_for("api.list_jobs", before=page[-1].id) if len(page) == _PAGE else None
    return jsonify({"jobs": [job_summary(job) for job in page], "next": more})
