"""The way of an upload, the same for the page and the API: receive, record, hand to the publisher."""

from flask import request

from app import jobs, uploads
from app.errors import CrossSiteRequest
from app.models import Job
from app.services import services


def submit_request() -> Job:
    """Store the files of the current request and make a job of them; returns it as it was committed.

    Raises RequestError or StorageFull; then there is no job. Once it is committed, nothing here can fail.
    """
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise CrossSiteRequest("A page of another site sent this request; open Darkroom's own page and send it there.")
    shared = services()
    connection = request.environ.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(shared.silence_seconds)  # gunicorn has none: a silent sender would hold a thread
    files = uploads.receive(request.environ["wsgi.input"], dict(request.headers), shared.store, shared.limits)
    submission = jobs.submit(files)
    shared.publisher.publish_soon(submission.due)
    return submission.job
