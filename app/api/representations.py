"""How jobs, items and outputs look in JSON."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import url_for

from app import timeline, waiting
from app.models import Asset, Event, Item, Job, Output
from app.timeline import Timeline


def job_summary(job: Job) -> dict[str, Any]:
    return {
        "id": str(job.id),
        "state": job.state,
        "lane": job.lane,
        "recipe": {"name": job.recipe, "version": job.recipe_version, "vars": job.variables},
        "created_at": _time(job.created_at),
        "finished_at": _time(job.finished_at),
        "expires_at": _time(job.expires_at),
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


def accepted_document(job: Job) -> dict[str, Any]:
    """As it was committed; the database is not asked again, because nothing may fail any more."""
    return _document(job, {}, {})


def job_document(job: Job) -> dict[str, Any]:
    return _document(job, waiting.reasons(job), timeline.of_job(job.id))


def item_document(item: Item) -> dict[str, Any]:
    """With its whole timeline."""
    why = waiting.reason(item)
    return _item(item, why, timeline.of_item(item.id)) | {"job": url_for("api.get_job", job_id=item.job_id)}


def _document(job: Job, why: Mapping[UUID, str], timelines: Mapping[UUID, Timeline]) -> dict[str, Any]:
    items = [_item(item, why.get(item.id), timelines.get(item.id, Timeline())) for item in job.items]
    return job_summary(job) | {"zip": _zip(job), "items": items}


def _zip(job: Job) -> str | None:
    """Where all results can be downloaded at once; None until there is something."""
    whole = job.state.final and any(item.outputs for item in job.items)
    return url_for("downloads.archive", job_id=job.id) if whole else None


def _item(item: Item, waits_because: str | None, told: Timeline) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "name": item.name,
        "collects": item.collects is not None,
        "state": item.state,
        "attempt": item.attempt,
        "waits_because": waits_because,
        "not_before": _time(item.not_before),
        "started_at": _time(item.started_at),
        "finished_at": _time(item.finished_at),
        "asset": _asset(item.asset) if item.asset else None,
        "data": item.data,
        "error": None if item.error is None else {"code": item.error_code, "message": item.error},
        "outputs": [_output(output) for output in item.outputs],
        "timeline": [
            {"at": _time(item.job.created_at), "event": "accepted"},
            *(_event(event) for event in told.events),
        ],
        "timeline_left_out": told.left_out,
        "url": url_for("api.get_item", item_id=item.id),
    }


def _asset(asset: Asset) -> dict[str, Any]:
    return {
        "source_url": asset.source_url,
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
        "quality": output.quality,
        "tries": output.tries,
        "reused": output.reused,
        "sha256": output.sha256,
        "url": url_for("downloads.output", output_id=output.id),
    }


def _event(event: Event) -> dict[str, Any]:
    told = {
        "at": _time(event.at), "event": event.kind, "attempt": event.attempt or None, "worker": event.worker,
        "code": event.code, "detail": event.detail,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _time(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
