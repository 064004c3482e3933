"""Webhooks over the API: endpoints, and the deliveries to them."""

import datetime as dt
from typing import Annotated, Any, TypeVar
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.database import utc_now
from app.errors import InvalidEndpoint
from app.paging import before_parameter
from app.recipes.faults import faults_of, strange, told
from app.recipes.schema import Name, Text
from app.services import services
from app.webhooks import deliveries, endpoints, events
from app.webhooks.events import EventType
from app.webhooks.tables import Delivery, DeliveryAttempt, Endpoint

blueprint = Blueprint("webhooks", __name__, url_prefix="/api/v1")

_MAX_BYTES = 100_000
_PAGE = 50

Events = Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


Body = TypeVar("Body", bound=_Body)


class _New(_Body):
    name: Name
    url: str
    description: Text = ""
    events: Events = list(events.JOB_ENDS)
    all_jobs: bool = True


class _Change(_Body):
    url: str | None = None
    description: Text | None = None
    events: Events | None = None
    all_jobs: bool | None = None


class _Rotation(_Body):
    overlap_hours: float = Field(default=endpoints.OVERLAP / dt.timedelta(hours=1), ge=0, le=24 * 30)


@blueprint.get("/webhooks")
def list_endpoints() -> Response:
    return jsonify({"endpoints": [_endpoint(endpoint) for endpoint in endpoints.all_endpoints()]})


@blueprint.post("/webhooks")
def create_endpoint() -> tuple[Response, int, dict[str, str]]:
    """Make an endpoint; only this answer has its secret."""
    asked = _read(_New)
    endpoint, secret = endpoints.create(
        asked.name, asked.url, services().outgoing.check, asked.description, asked.events, all_jobs=asked.all_jobs
    )
    document = _endpoint(endpoint) | {"secret": secret}
    return jsonify(document), 201, {"Location": document["self"]}


@blueprint.get("/webhooks/<name>")
def get_endpoint(name: str) -> Response:
    return jsonify(_endpoint(endpoints.get(name)))


@blueprint.patch("/webhooks/<name>")
def change_endpoint(name: str) -> Response:
    """Change what the body names; the rest stays, and so does the name."""
    asked = _read(_Change)
    changed = endpoints.change(
        name, services().outgoing.check, url=asked.url, description=asked.description, kinds=asked.events,
        all_jobs=asked.all_jobs,
    )  # fmt: skip
    return jsonify(_endpoint(changed))


@blueprint.delete("/webhooks/<name>")
def delete_endpoint(name: str) -> tuple[str, int]:
    """Delete the endpoint with its deliveries."""
    endpoints.remove(name)
    return "", 204


@blueprint.post("/webhooks/<name>/rotate")
def rotate_secret(name: str) -> Response:
    """Give it a new secret, which only this answer has; those before sign too for `overlap_hours`."""
    endpoint, secret = endpoints.rotate(name, dt.timedelta(hours=_read(_Rotation).overlap_hours))
    return jsonify(_endpoint(endpoint) | {"secret": secret})


@blueprint.post("/webhooks/<name>/pause")
def pause_endpoint(name: str) -> Response:
    return jsonify(_endpoint(endpoints.pause(name)))


@blueprint.post("/webhooks/<name>/resume")
def resume_endpoint(name: str) -> Response:
    """Let it go on; what waits for it is sent at once."""
    return jsonify(_endpoint(endpoints.resume(name)))


@blueprint.post("/webhooks/<name>/ping")
def ping_endpoint(name: str) -> tuple[Response, int, dict[str, str]]:
    """Send a message of the type `ping`; its delivery tells what came of it."""
    document = _delivery(endpoints.ping(name))
    return jsonify(document), 202, {"Location": document["url"]}


@blueprint.get("/webhooks/<name>/deliveries")
def list_deliveries(name: str) -> Response:
    """The newest first; `before=<id>` gives those that came before that one."""
    page = deliveries.newest(name, _PAGE, before=before_parameter())
    more = url_for("webhooks.list_deliveries", name=name, before=page[-1].id) if len(page) == _PAGE else None
    return jsonify({"deliveries": [_delivery(delivery) for delivery in page], "next": more})


@blueprint.get("/deliveries/<uuid:delivery_id>")
def get_delivery(delivery_id: UUID) -> Response:
    """One delivery: what is sent, and what came of each attempt."""
    return jsonify(_whole_delivery(deliveries.get(delivery_id)))


@blueprint.post("/deliveries/<uuid:delivery_id>/redeliver")
def redeliver(delivery_id: UUID) -> tuple[Response, int]:
    """Send it again, under the same `webhook-id`, whatever became of it."""
    deliveries.redeliver(delivery_id)
    return jsonify(_whole_delivery(deliveries.get(delivery_id))), 202


def _read(kind: type[Body]) -> Body:
    """The JSON of the request. Raises InvalidEndpoint with every fault."""
    text = request.stream.read(_MAX_BYTES + 1)
    if len(text) > _MAX_BYTES:
        raise InvalidEndpoint(f"The body has more than {_MAX_BYTES:,} bytes, the most it may have.")
    try:
        asked = kind.model_validate_json(text or b"{}")
    except ValidationError as error:
        raise InvalidEndpoint(told(faults_of(error, kind))) from None
    if faults := list(strange(asked.model_dump(mode="json"))):
        raise InvalidEndpoint(told(faults))
    return asked


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    name = endpoint.name
    return {
        "name": name,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": endpoint.events,
        "all_jobs": endpoint.all_jobs,
        "paused": None
        if endpoint.paused_since is None
        else {"since": events.told(endpoint.paused_since), "because": endpoint.paused_because},
        "failing_since": _time(endpoint.failing_since),
        "hold_until": _time(endpoint.hold_until),
        "secrets_valid_until": [
            one["until"] and _time(dt.datetime.fromisoformat(one["until"])) for one in endpoint.secrets
        ],
        "created_at": events.told(endpoint.created_at),
        "self": url_for("webhooks.get_endpoint", name=name),
        "deliveries": url_for("webhooks.list_deliveries", name=name),
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": str(delivery.id),
        "endpoint": delivery.endpoint.name,
        "event": delivery.event,
        "message_id": delivery.message_id,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "created_at": events.told(delivery.created_at),
        "finished_at": _time(delivery.finished_at),
        "next_try_at": _time(delivery.next_try_at),
        "being_sent": delivery.lease_until is not None and delivery.lease_until > utc_now(),
        "url": url_for("webhooks.get_delivery", delivery_id=delivery.id),
    }


def _whole_delivery(delivery: Delivery) -> dict[str, Any]:
    tries = [_attempt(one) for one in delivery.tries]
    return _delivery(delivery) | {"body": delivery.body, "tries": tries}


def _attempt(one: DeliveryAttempt) -> dict[str, Any]:
    return {
        "number": one.number,
        "at": events.told(one.at),
        "url": one.url,
        "milliseconds": one.milliseconds,
        "status": one.status,
        "response": one.response,
        "error": one.error,
    }


def _time(moment: dt.datetime | None) -> str | None:
    return None if moment is None else events.told(moment)
