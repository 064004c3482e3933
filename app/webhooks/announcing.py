"""Writing deliveries: in the transaction of the event, so that there is none without the other."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from app.database import batches, utc_now
from app.ids import new_id
from app.models import Item, Job
from app.webhooks import events
from app.webhooks.events import EventType
from app.webhooks.tables import Delivery, Endpoint

log = logging.getLogger(__name__)


def job_ended(session: Session, job: Job) -> None:
    """Of a job whose last item has just ended."""
    kind = events.OF_JOBS[job.state]
    if told := _listeners(session, job, kind):
        deliver(session, told, kind, events.of_job(job))
    for name in job.notify.keys() - _names(session) if job.notify else ():
        log.warning("job %s: its recipe notifies the endpoint %s, which is not there any more", job.id, name)


def items_failed(session: Session, job_id: UUID, items: Iterable[UUID]) -> None:
    """Of items that have just failed or were quarantined."""
    told = _listeners(session, session.get_one(Job, job_id), EventType.ITEM_FAILED)
    if not told:
        return
    whole = joinedload(Item.job), joinedload(Item.asset)
    for batch in batches(items):
        rows = select(Item).where(Item.id.in_(batch)).options(*whole).execution_options(populate_existing=True)
        for item in session.scalars(rows.order_by(Item.position)):
            deliver(session, told, EventType.ITEM_FAILED, events.of_item(item))


def deliver(session: Session, endpoints: Sequence[Endpoint], kind: str, data: dict[str, Any]) -> list[Delivery]:
    """Write one message for these endpoints."""
    now = utc_now()
    message_id, body = f"msg_{new_id().hex}", events.body(kind, now, data)
    written = [
        Delivery(endpoint_id=endpoint.id, message_id=message_id, event=kind, body=body, created_at=now, next_try_at=now)
        for endpoint in endpoints
    ]
    session.add_all(written)
    return written


def _listeners(session: Session, job: Job, kind: EventType) -> list[Endpoint]:
    """Those that get this event of all jobs, and those whom the job's recipe notifies of it."""
    notified: dict[str, list[str] | None] = job.notify or {}

    def listens(endpoint: Endpoint) -> bool:
        if endpoint.all_jobs and kind in endpoint.events:
            return True
        if endpoint.name not in notified:
            return False
        asked = notified[endpoint.name]
        return kind in (endpoint.events if asked is None else asked)

    ids = [endpoint.id for endpoint in session.scalars(select(Endpoint)) if listens(endpoint)]
    if not ids:
        return []
    # Held until the transaction ends: an endpoint that somebody deletes meanwhile must not take the event along.
    held = select(Endpoint).where(Endpoint.id.in_(ids)).order_by(Endpoint.id)
    return list(session.scalars(held.with_for_update(read=True, key_share=True)))


def _names(session: Session) -> set[str]:
    return set(session.scalars(select(Endpoint.name)))
