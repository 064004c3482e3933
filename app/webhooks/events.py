"""What endpoints can be told of, and the body that tells it."""

import datetime as dt
import enum
import json
from typing import Any

from app.models import Item, Job, JobState


class EventType(enum.StrEnum):
    JOB_COMPLETED = "job.completed"
    JOB_PARTIAL = "job.partial"
    JOB_FAILED = "job.failed"
    JOB_CANCELED = "job.canceled"
    ITEM_FAILED = "item.failed"


PING = "ping"
"""The type of a message that a person has sent, to see whether it arrives; nobody subscribes to it."""

OF_JOBS = {
    JobState.SUCCEEDED: EventType.JOB_COMPLETED,
    JobState.PARTIAL: EventType.JOB_PARTIAL,
    JobState.FAILED: EventType.JOB_FAILED,
    JobState.CANCELED: EventType.JOB_CANCELED,
}
JOB_ENDS = tuple(OF_JOBS.values())


def body(kind: str, at: dt.datetime, data: dict[str, Any]) -> str:
    """As it is sent and signed, byte by byte."""
    return json.dumps({"type": kind, "timestamp": told(at), "data": data}, separators=(",", ":"))


def of_job(job: Job) -> dict[str, Any]:
    counts = ("total", "succeeded", "failed", "quarantined", "canceled")
    return {
        "job": {
            "id": str(job.id),
            "state": job.state,
            "recipe": {"name": job.recipe, "version": job.recipe_version},
            "progress": {name: getattr(job, name) for name in counts},
            "created_at": told(job.created_at),
            "finished_at": told(job.finished_at) if job.finished_at else None,
        }
    }


def of_item(item: Item) -> dict[str, Any]:
    return {
        "item": {
            "id": str(item.id),
            "name": item.name,
            "state": item.state,
            "attempt": item.attempt,
            "error": {"code": item.error_code, "message": item.error},
        },
        "job": {"id": str(item.job_id), "recipe": {"name": item.job.recipe, "version": item.job.recipe_version}},
    }


def told(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
