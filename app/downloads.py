"""Downloads of results: immutable bytes under the name and the media type that belong to them."""

from uuid import UUID

from flask import Blueprint, Response, request, send_file

from app import archives, jobs
from app.services import services

blueprint = Blueprint("downloads", __name__)


@blueprint.get("/outputs/<uuid:output_id>")
def output(output_id: UUID) -> Response:
    """One result, as an attachment; conditional and range requests are answered."""
    row = jobs.output(output_id)
    response = send_file(
        services().store.path(row.sha256),
        mimetype=row.media_type,
        as_attachment=True,
        download_name=row.filename,
        etag=row.sha256,
        last_modified=row.created_at,
        max_age=31_536_000,
    )
    response.cache_control.private = True
    response.cache_control.public = False
    response.cache_control.immutable = True
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@blueprint.get("/jobs/<uuid:job_id>/zip")
def archive(job_id: UUID) -> Response:
    """All results of an ended job in one file. Conditional requests are answered, and errors before the first byte."""
    job, outputs = jobs.results(job_id)
    tag = archives.tag_of(outputs)
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        made = archives.archive(outputs, services().store.path)
        response = Response(made.chunks, mimetype="application/zip")
        if made.size is not None:
            response.content_length = made.size
        name = f"{job.recipe}-{job.created_at:%Y-%m-%d-%H%M%S}.zip"
        response.headers.set("Content-Disposition", "attachment", filename=name)
    response.set_etag(tag, weak=True)
    response.cache_control.private = True
    response.cache_control.no_cache = True
    return response
