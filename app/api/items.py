"""Items: one file of a job."""

from uuid import UUID

from flask import Blueprint

from app import jobs, submission
from app.api.job_documents import Job, SingleItem, item_document, job_document
from app.api.operation import Answer, Result, operation
from app.errors import NothingToRetry

blueprint = Blueprint("items", __name__, url_prefix="/items")


@blueprint.get("/<uuid:item_id>")
@operation({200: Answer(SingleItem, "The item.")})
def get_item(item_id: UUID) -> Result:
    """One item, with its whole timeline."""
    return item_document(jobs.item(item_id))


@blueprint.post("/<uuid:item_id>/retry")
@operation({202: Answer(Job, "Its job, open again.")}, errors=[NothingToRetry])
def retry_item(item_id: UUID) -> Result:
    """Try one item again that failed or was canceled."""
    return job_document(jobs.get(submission.retry_item(item_id))), 202
