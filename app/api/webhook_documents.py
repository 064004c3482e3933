"""How webhook endpoints, and the deliveries to them, look in JSON."""

import datetime as dt
from typing import Any, Literal
from uuid import UUID

from flask import url_for
from pydantic import BaseModel, ConfigDict, Field

from app.api.moments import Moment
from app.database import utc_now
from app.webhooks import tables
from app.webhooks.events import EventType
from app.webhooks.tables import DeliveryState, Pause


class Paused(BaseModel):
    since: Moment
    because: Pause = Field(description="`by-hand`; or its messages kept `failing` for days, or its URL is `gone`.")


class Endpoint(BaseModel):
    """A URL that is told of events. Its secrets are shown once and never again."""

    name: str
    url: str = Field(description="Where messages go.")
    description: str
    events: list[EventType] = Field(description="What it is told of.")
    all_jobs: bool = Field(description="Whether of every job, or only of those whose recipe notifies it.")
    paused: Paused | None
    failing_since: Moment | None = Field(description="Since when nothing has come through.")
    hold_until: Moment | None = Field(description="Nothing is sent before: it asked for that.")
    secrets_valid_until: list[Moment | None] = Field(description="Of each secret that signs, the newest first.")
    created_at: Moment
    self: str
    deliveries: str


class EndpointWithSecret(Endpoint):
    secret: str = Field(description="What its receiver verifies messages with. No other answer has it.")


class Delivery(BaseModel):
    """One message for one endpoint."""

    id: UUID
    endpoint: str
    event: EventType | Literal["ping"]
    message_id: str = Field(description="The header `webhook-id`, the same every time that it is sent.")
    state: DeliveryState
    attempts: int
    created_at: Moment
    finished_at: Moment | None
    next_try_at: Moment | None
    being_sent: bool
    url: str


class Try(BaseModel):
    """One request and what came back: a status with the beginning of the body, or why there is none."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    at: Moment
    url: str
    milliseconds: int | None
    status: int | None
    response: str | None
    error: str | None


class WholeDelivery(Delivery):
    body: str = Field(description="What is sent, byte by byte.")
    tries: list[Try]


def endpoint_document(endpoint: tables.Endpoint) -> Endpoint:
    return Endpoint(**_endpoint(endpoint))


def document_with_secret(endpoint: tables.Endpoint, secret: str) -> EndpointWithSecret:
    return EndpointWithSecret(**_endpoint(endpoint), secret=secret)


def delivery_document(delivery: tables.Delivery) -> Delivery:
    return Delivery(**_delivery(delivery))


def whole_delivery(delivery: tables.Delivery) -> WholeDelivery:
    """With what is sent, and every try."""
    tries = [Try.model_validate(one) for one in delivery.tries]
    return WholeDelivery(**_delivery(delivery), body=delivery.body, tries=tries)


def _endpoint(endpoint: tables.Endpoint) -> dict[str, Any]:
    paused = endpoint.paused_since and {"since": endpoint.paused_since, "because": endpoint.paused_because}
    return {
        "name": endpoint.name,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": endpoint.events,
        "all_jobs": endpoint.all_jobs,
        "paused": paused,
        "failing_since": endpoint.failing_since,
        "hold_until": endpoint.hold_until,
        "secrets_valid_until": [one["until"] and dt.datetime.fromisoformat(one["until"]) for one in endpoint.secrets],
        "created_at": endpoint.created_at,
        "self": url_for("api.webhooks.get_endpoint", name=endpoint.name),
        "deliveries": url_for("api.webhooks.list_deliveries", name=endpoint.name),
    }


def _delivery(delivery: tables.Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "endpoint": delivery.endpoint.name,
        "event": delivery.event,
        "message_id": delivery.message_id,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "created_at": delivery.created_at,
        "finished_at": delivery.finished_at,
        "next_try_at": delivery.next_try_at,
        "being_sent": delivery.lease_until is not None and delivery.lease_until > utc_now(),
        "url": url_for("api.deliveries.get_delivery", delivery_id=delivery.id),
    }
