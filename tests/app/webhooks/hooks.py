"""Endpoints and deliveries of the tests; what is given back stays as it was."""

import datetime as dt
import json
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload, selectinload

from app.database import reading, transaction
from app.webhooks import deliveries, endpoints
from app.webhooks.deliveries import Claim, Outcome
from app.webhooks.tables import Delivery, Endpoint

URL = "https://hooks.example/darkroom"
MOMENT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def endpoint(name: str = "shop", url: str = URL, **more: Any) -> str:
    """Makes one; returns its secret."""
    return endpoints.create(name, url, lambda _: None, **more)[1]


def of_name(name: str = "shop") -> Endpoint:
    with reading() as session:
        return session.scalars(select(Endpoint).where(Endpoint.name == name)).one()


def written() -> list[Delivery]:
    """All deliveries, the oldest first, each with its endpoint and its attempts."""
    with reading() as session:
        whole = joinedload(Delivery.endpoint), selectinload(Delivery.tries)
        return list(
            session.scalars(
                select(Delivery).join(Endpoint).order_by(Delivery.created_at, Endpoint.name).options(*whole)
            )
        )


def told() -> list[tuple[str, str]]:
    """Whom of what."""
    return [(delivery.endpoint.name, delivery.event) for delivery in written()]


def one(delivery_id: UUID | None = None) -> Delivery:
    [found] = [delivery for delivery in written() if delivery_id in (None, delivery.id)]
    return found


def data(delivery: Delivery) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(delivery.body)["data"]
    return found


def claimed() -> Claim:
    claim = deliveries.claim()
    assert claim
    return claim


def answered(status: int | None, **more: Any) -> Outcome:
    return Outcome(MOMENT, 12, status=status, error=None if status == 200 else "No.", **more)


def change(**values: Any) -> None:
    """Write into every delivery, past the use cases."""
    with transaction() as session:
        session.execute(update(Delivery).values(values))
