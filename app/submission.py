"""The way of an upload, the same for the page and the API: receive, record, hand to the publisher."""

from uuid import UUID

from flask import request

from app import jobs, uploads
from app.services import services


def submit_request() -> UUID:
    """Store the files of the current request and make a job of them; returns the job's id.

    Raises RequestError or StorageFull; then there is no job.
    """
    shared = services()
    form = uploads.receive(request.environ["wsgi.input"], dict(request.headers), shared.store, shared.limits)
    submission = jobs.submit(form.files)
    shared.publisher.publish_soon(submission.due)
    return submission.job_id
