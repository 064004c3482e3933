"""Downloads of results: immutable bytes under the name and the media type that belong to them."""

from uuid import UUID

from flask import Blueprint, Response, send_file

from app import jobs
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
