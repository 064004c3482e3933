"""How jobs, items and outputs look in JSON."""

import datetime as dt
from typing import Any

from flask import url_for

from app.models import Asset, Item, Job, Output


def job_summary(job: Job) -> dict[str, Any]:
    return {
        "id": str(job.id),
        "state": job.state,
        "lane": job.lane,
        "recipe": {"name": job.recipe, "version": job.recipe_version},
        "created_at": _time(job.created_at),
        "finished_at": _time(job.finished_at),
        "progress": {
            "total": job.total,
            "ended": job.ended,
            "succeeded": job.succeeded,
            "failed": job.failed,
            "quarantined": job.quarantined,
            "canceled": job.canceled,
        },
        "url": url_for("api.get_job", job_id=job.id),
        "page": url_for("pages.job", job_id=job.id),
    }


def job_document(job: Job) -> dict[str, Any]:
    return job_summary(job) | {"items": [_item(item) for item in job.items]}


def _item(item: Item) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "name": item.asset.name,
        "state": item.state,
        "attempt": item.attempt,
        "started_at": _time(item.started_at),
        "finished_at": _time(item.finished_at),
        "asset": _asset(item.asset),
        "data": item.data,
        "error": None if item.error is None else {"code": item.error_code, "message": item.error},
        "outputs": [_output(output) for output in item.outputs],
    }


def _asset(asset: Asset) -> dict[str, Any]:
    return {
        "sha256": asset.sha256,
        "bytes": asset.bytes,
        "media_type": asset.media_type,
        "width": asset.width,
        "height": asset.height,
        "frames": asset.frames,
    }


def _output(output: Output) -> dict[str, Any]:
    return {
        "id": str(output.id),
        "name": output.name,
        "filename": output.filename,
        "media_type": output.media_type,
        "bytes": output.bytes,
        "width": output.width,
        "height": output.height,
        "sha256": output.sha256,
        "url": url_for("downloads.output", output_id=output.id),
    }


def _time(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
