"""Deliveries: look at them, send one again; and what whoever sends asks of the rows: what is due, and how it ended.

Every change is a conditional UPDATE that names the attempt. A delivery that somebody has claimed is due again when his
lease has ended; so one that is killed, or hears nothing from the database, loses none. A message may thus arrive twice,
under one and the same `webhook-id`.

Whoever locks a delivery locks its endpoint first, which is the order in which both are deleted.
"""

import datetime as dt
import random
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session, joinedload, selectinload

from app.database import db, reading, transaction, utc_now
from app.errors import NotFound
from app.webhooks import endpoints, signing
from app.webhooks.tables import Delivery, DeliveryAttempt, DeliveryState, Endpoint, Pause

LEASE = dt.timedelta(seconds=60)
"""Much longer than a request may take, with the database that has to hear of its end."""

WAITS = tuple(
    dt.timedelta(**wait)
    for wait in (
        {"seconds": 5}, {"minutes": 1}, {"minutes": 5}, {"minutes": 15}, {"minutes": 30}, {"hours": 1}, {"hours": 2},
        {"hours": 4}, {"hours": 6}, {"hours": 10},
    )
)  # fmt: skip
"""Between the attempts; with all of them, the last one is about a day after the first."""

HOLD_AT_MOST = dt.timedelta(hours=24)
PAUSE_AFTER = dt.timedelta(days=3)
"""An endpoint to which nothing has come through for so long is paused when it fails again."""

FORGET_AFTER = dt.timedelta(days=30)

_AT_ONCE = 4
"""How many deliveries of one endpoint are sent at the same time; to one that fails, a single one."""

_BATCH = 500
_OF_ENDPOINT = Delivery.endpoint_id == Endpoint.id, Delivery.state == DeliveryState.PENDING


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to one attempt at a delivery, until the lease ends; and what is to be sent."""

    delivery_id: UUID
    attempt: int
    failures: int
    message_id: str
    body: str
    url: str
    keys: list[str]
    until: dt.datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. `hold` is how long the endpoint wants to be left alone; where the URL itself is
    refused, no other attempt can do better.
    """

    at: dt.datetime
    milliseconds: int
    status: int | None = None
    response: str | None = None
    error: str | None = None
    hold: dt.timedelta | None = None
    refused: bool = False

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == 410


def get(delivery_id: UUID) -> Delivery:
    """With its attempts and its endpoint."""
    whole = joinedload(Delivery.endpoint), selectinload(Delivery.tries)
    found = db.session.get(Delivery, delivery_id, options=whole)
    if found is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    return found


def redeliver(delivery_id: UUID) -> None:
    """Send it as if it were new, under its old id; one that is being sent at this moment is left alone.

    Raises EndpointPaused.
    """
    with transaction() as session:
        endpoint = _locked_endpoint(session, delivery_id, read=True)
        if endpoint is None:
            raise NotFound(f"There is no delivery {delivery_id}.")
        endpoints.refuse_paused(endpoint)
        now = utc_now()
        anew = {"state": DeliveryState.PENDING, "failures": 0, "next_try_at": now, "finished_at": None}
        session.execute(update(Delivery).where(Delivery.id == delivery_id, endpoints.nobody_sends(now)).values(anew))


def is_anything_due() -> bool:
    return bool(_due(utc_now()))


def claim(*, failing_too: bool = True) -> Claim | None:
    """A delivery to be sent, to an endpoint that fails only where no other has one; None where there is none."""
    while candidates := _due(utc_now(), failing_too=failing_too):
        for delivery_id in candidates:
            with transaction() as session:
                if claimed := _claim(session, delivery_id):
                    return claimed
    return None


def record(claim: Claim, outcome: Outcome) -> bool:
    """Write down what came of the attempt, and what follows. False: its lease was lost; somebody else sends it."""
    now = utc_now()
    with transaction() as session:
        endpoint = _locked_endpoint(session, claim.delivery_id, read=False)
        if endpoint is None or not _end(session, claim, _settled(claim, outcome, now)):
            return False
        session.add(DeliveryAttempt(
            delivery_id=claim.delivery_id, number=claim.attempt, url=claim.url, at=outcome.at,
            milliseconds=outcome.milliseconds, status=outcome.status, response=outcome.response, error=outcome.error,
        ))  # fmt: skip
        if endpoint.url == claim.url:
            _judge(endpoint, outcome, now)
        return True


def forget(now: dt.datetime) -> int:
    """Delete what was written so long ago, whatever became of it; returns how many that were."""
    forgotten = 0
    while old := _old(now):
        for endpoint_id, ids in old.items():
            with transaction() as session:
                session.execute(select(Endpoint.id).where(Endpoint.id == endpoint_id).with_for_update(key_share=True))
                session.execute(delete(Delivery).where(Delivery.id.in_(ids)))
            forgotten += len(ids)
    return forgotten


def _old(now: dt.datetime) -> dict[UUID, list[UUID]]:
    """Some of them by their endpoints, so that nobody else waits long for the database."""
    rows = select(Delivery.endpoint_id, Delivery.id).where(Delivery.created_at < now - FORGET_AFTER)
    found: dict[UUID, list[UUID]] = {}
    with reading() as session:
        for endpoint_id, delivery_id in session.execute(rows.order_by(Delivery.created_at).limit(_BATCH)):
            found.setdefault(endpoint_id, []).append(delivery_id)
    return found


def _due(now: dt.datetime, *, failing_too: bool = True) -> list[UUID]:
    """One delivery of each endpoint that takes another one: the one that is due since longest.

    Those of endpoints that fail come last: each of them may take as long as a request may.
    """
    first = (
        select(Delivery.id)
        .where(*_OF_ENDPOINT, Delivery.next_try_at <= now)
        .order_by(Delivery.next_try_at)  # as the index has them: there may be a hundred thousand
        .limit(1)
        .correlate(Endpoint)
        .scalar_subquery()
    )
    sent = select(func.count()).where(*_OF_ENDPOINT, Delivery.lease_until > now).correlate(Endpoint).scalar_subquery()
    takes = or_(sent == 0, and_(sent < _AT_ONCE, Endpoint.failing_since.is_(None)))
    free = Endpoint.paused_since.is_(None), or_(Endpoint.hold_until.is_(None), Endpoint.hold_until <= now)
    asked = select(first, Endpoint.failing_since.is_not(None)).where(*free, takes)
    with reading() as session:
        found = [(row, fails) for row, fails in session.execute(asked) if row is not None]
    random.shuffle(found)  # no endpoint comes first for ever
    last = [row for row, fails in found if fails] if failing_too else []
    return [row for row, fails in found if not fails] + last


def _claim(session: Session, delivery_id: UUID) -> Claim | None:
    now = utc_now()
    endpoint = _locked_endpoint(session, delivery_id, read=True)
    found = session.scalar(select(Delivery).where(Delivery.id == delivery_id).with_for_update()) if endpoint else None
    if not endpoint or not found or not found.next_try_at or found.next_try_at > now or endpoint.paused_since:
        return None
    if found.lease_until is not None and not _outlives_loss(session, found, endpoint, now):
        return None
    # Whoever is lost with it may be lost because of it: it waits as after any other failure.
    wait = max([LEASE, *WAITS[found.failures : found.failures + 1]])
    found.attempts, found.lease_until, found.next_try_at = found.attempts + 1, now + LEASE, now + wait
    return Claim(
        found.id, found.attempts, found.failures, found.message_id, found.body,
        endpoint.url, signing.valid(endpoint.secrets, now), found.lease_until,
    )  # fmt: skip


def _outlives_loss(session: Session, found: Delivery, endpoint: Endpoint, now: dt.datetime) -> bool:
    """Write down that whoever sent it was lost, which is a failure like others; False where it was the last one."""
    assert found.lease_until
    lost = "Whoever sent it was lost, or heard nothing from the database; it may have arrived."
    session.add(DeliveryAttempt(
        delivery_id=found.id, number=found.attempts, url=endpoint.url, at=found.lease_until - LEASE, error=lost,
    ))  # fmt: skip
    found.failures += 1
    if found.failures <= len(WAITS):
        return True
    found.state, found.finished_at, found.next_try_at, found.lease_until = DeliveryState.FAILED, now, None, None
    return False


def _locked_endpoint(session: Session, delivery_id: UUID, *, read: bool) -> Endpoint | None:
    """The endpoint of the delivery, which is there until the transaction ends, or None; if not `read`, to change it."""
    endpoint_id = session.scalar(select(Delivery.endpoint_id).where(Delivery.id == delivery_id))
    return session.scalar(select(Endpoint).where(Endpoint.id == endpoint_id).with_for_update(read=read, key_share=True))


def _settled(claim: Claim, outcome: Outcome, now: dt.datetime) -> dict[str, object]:
    """The delivery after the attempt: it has arrived, is tried again, or is given up."""
    if outcome.succeeded:
        return {"state": DeliveryState.SUCCEEDED, "finished_at": now, "next_try_at": None, "lease_until": None}
    failed = {"failures": claim.failures + 1, "lease_until": None}
    if outcome.gone or outcome.refused or claim.failures >= len(WAITS):
        return failed | {"state": DeliveryState.FAILED, "finished_at": now, "next_try_at": None}
    wait = WAITS[claim.failures] * random.uniform(0.9, 1.1)  # noqa: S311
    return failed | {"next_try_at": now + wait}


def _judge(endpoint: Endpoint, outcome: Outcome, now: dt.datetime) -> None:
    """What the outcome says of the endpoint as a whole."""
    if outcome.succeeded:
        endpoint.failing_since = endpoint.hold_until = None
        return
    endpoint.failing_since = endpoint.failing_since or now
    if outcome.hold:
        endpoint.hold_until = now + outcome.hold
    if outcome.gone:
        endpoints.set_paused(endpoint, Pause.GONE, now)
    elif now - endpoint.failing_since >= PAUSE_AFTER:
        endpoints.set_paused(endpoint, Pause.FAILING, now)


def _end(session: Session, claim: Claim, values: Mapping[str, object]) -> bool:
    attempt = Delivery.lease_until.is_not(None), Delivery.attempts == claim.attempt
    result = session.execute(update(Delivery).where(Delivery.id == claim.delivery_id, *attempt).values(values))
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
