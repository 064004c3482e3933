"""The JSON API, version 1. Errors are application/problem+json (RFC 9457)."""

from dataclasses import asdict
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for

from app import jobs, submission
from app.api import imports
from app.api.representations import accepted_document, item_document, job_document, job_summary
from app.paging import before_parameter

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

_PAGE = 50


@blueprint.post("/jobs")
def create_job() -> tuple[Response, int, dict[str, str]]:
    """Make a job of the files of a multipart/form-data body, or of the URLs of a JSON body: 202 and the job, which then
    changes by itself.
    """
    job = imports.submit_urls() if request.is_json else submission.submit_request()
    location = url_for("api.get_job", job_id=job.id)
    return jsonify(accepted_document(job)), 202, {"Location": location, "Retry-After": "1"}


@blueprint.get("/jobs/<uuid:job_id>")
def get_job(job_id: UUID) -> Response:
    return jsonify(job_document(jobs.get(job_id)))


@blueprint.delete("/jobs/<uuid:job_id>")
def delete_job(job_id: UUID) -> tuple[str, int]:
    """Delete the job with its items and outputs, whatever its state; what runs is stopped."""
    submission.delete_job(job_id)
    return "", 204


@blueprint.post("/jobs/<uuid:job_id>/cancel")
def cancel_job(job_id: UUID) -> Response:
    """Stop what waits and what runs; what has ended stays. Says how many items that were, and gives the job."""
    canceled = jobs.cancel(job_id)
    return jsonify({"canceled": asdict(canceled), "job": job_document(jobs.get(job_id))})


@blueprint.post("/jobs/<uuid:job_id>/retry")
def retry_job(job_id: UUID) -> tuple[Response, int]:
    """Try every failed item again. 409 where none has failed."""
    submission.retry_job(job_id)
    return jsonify(job_document(jobs.get(job_id))), 202


@blueprint.get("/items/<uuid:item_id>")
def get_item(item_id: UUID) -> Response:
    """One item, with its whole timeline."""
    return jsonify(item_document(jobs.item(item_id)))


@blueprint.post("/items/<uuid:item_id>/retry")
def retry_item(item_id: UUID) -> tuple[Response, int]:
    """Try one item again that failed or was canceled. 409 where it is anything else."""
    return jsonify(job_document(jobs.get(submission.retry_item(item_id)))), 202


@blueprint.get("/jobs")
def list_jobs() -> Response:
    """The newest jobs first; `before=<id>` gives those that came before that one."""
    page = jobs.newest(_PAGE, before=before_parameter())
    more = url_for("api.list_jobs", before=page[-1].id) if len(page) == _PAGE else None
    return jsonify({"jobs": [job_summary(job) for job in page], "next": more})
