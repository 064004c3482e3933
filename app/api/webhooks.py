"""Webhook endpoints: make one, change it, rotate its secret, pause it, ping it, and list what was sent to it."""

import datetime as dt
import hashlib
from typing import Annotated, Any
from uuid import UUID

from flask import Blueprint
from pydantic import AfterValidator, BaseModel, Field

from app import idempotency, listings
from app.api import idempotency_key
from app.api.job_documents import NextPage
from app.api.lists import LINKS, ListQuery, links, next_page
from app.api.operation import Answer, Body, Result, operation
from app.api.webhook_documents import (
    Delivery,
    Endpoint,
    EndpointWithSecret,
    delivery_document,
    document_with_secret,
    endpoint_document,
)
from app.errors import BadField, EndpointPaused, InvalidEndpoint, KeyInUse, KeyReused, OutgoingRefused
from app.recipes.faults import text_fault
from app.recipes.schema import Name, Text
from app.services import services
from app.webhooks import endpoints, events
from app.webhooks.events import EventType

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")


def _storable(text: str) -> str:
    if fault := text_fault(text):
        raise ValueError(fault)
    return text


Events = Annotated[
    list[EventType], Field(min_length=1, max_length=len(EventType), description="The types that it is told of.")
]
Url = Annotated[str, Field(description="Where messages go; docs/webhooks.md says where none may go.")]
Description = Annotated[Text, AfterValidator(_storable), Field(description="For people.")]
AllJobs = Annotated[
    bool, Field(description="Whether it is told of every job, or only of those whose recipe notifies it.")
]


class EndpointList(BaseModel):
    endpoints: list[Endpoint]


@blueprint.get("")
@operation({200: Answer(EndpointList, "All of them, by name.")})
def list_endpoints() -> Result:
    """Every endpoint; there are a hundred at the most."""
    return EndpointList(endpoints=[endpoint_document(endpoint) for endpoint in endpoints.all_endpoints()])


class NewEndpoint(Body):
    name: Name = Field(description="What recipes call it; it never changes.")
    url: Url
    description: Description = ""
    events: Events = Field(default=list(events.JOB_ENDS))
    all_jobs: AllJobs = True

    @property
    def fingerprint(self) -> str:
        """The same for the same endpoint, however it was asked for."""
        return hashlib.sha256(f"webhook {self.model_dump_json()}".encode()).hexdigest()


@blueprint.post("")
@operation(
    {201: Answer(EndpointWithSecret, "It is made.", {"Location": "Where it is."})},
    body=NewEndpoint,
    takes=idempotency_key.TAKES,
    errors=[InvalidEndpoint, KeyInUse, KeyReused, OutgoingRefused],
)
def create_endpoint(body: NewEndpoint) -> Result:
    """Make an endpoint.

    Only this answer has its secret, also where it is given again to the same `Idempotency-Key`.
    """
    with idempotency_key.reserved() as reservation:
        if reservation and reservation.answer:
            return idempotency_key.response(reservation.answer.of(body.fingerprint))

        answers: list[idempotency.Answer] = []

        def answer(session: Any, endpoint: Any, secret: str) -> None:
            made = document_with_secret(endpoint, secret)
            headers, text = {"Location": made.self}, made.model_dump_json().encode()
            answers.append(idempotency.Answer(body.fingerprint, 201, headers, text, None))
            if reservation:
                idempotency.answer(session, reservation, answers[0])

        endpoints.create(
            body.name, body.url, _check, body.description, body.events, all_jobs=body.all_jobs, in_transaction=answer
        )
    return idempotency_key.response(answers[0])


@blueprint.get("/<name>")
@operation({200: Answer(Endpoint, "The endpoint.")})
def get_endpoint(name: str) -> Result:
    """One endpoint."""
    return endpoint_document(endpoints.get(name))


class EndpointChange(Body):
    """What is left out, or null, stays as it is."""

    url: Url | None = None
    description: Description | None = None
    events: Events | None = None
    all_jobs: AllJobs | None = None


@blueprint.patch("/<name>")
@operation({200: Answer(Endpoint, "As it is now.")}, body=EndpointChange, errors=[OutgoingRefused])
def change_endpoint(name: str, body: EndpointChange) -> Result:
    """Change what the body names.

    The rest stays, and so does the name.
    """
    changed = endpoints.change(
        name, _check, url=body.url, description=body.description, kinds=body.events, all_jobs=body.all_jobs
    )
    return endpoint_document(changed)


@blueprint.delete("/<name>")
@operation({204: Answer(None, "It is gone.")})
def delete_endpoint(name: str) -> Result:
    """Delete an endpoint with its deliveries."""
    endpoints.remove(name)
    return None, 204


class Rotation(Body):
    overlap_hours: float = Field(
        default=endpoints.OVERLAP / dt.timedelta(hours=1), ge=0, le=24 * 30,
        description="For how long the secrets before go on signing.",
    )  # fmt: skip


@blueprint.post("/<name>/rotate")
@operation({200: Answer(EndpointWithSecret, "The endpoint with its new secret.")}, body=Rotation)
def rotate_secret(name: str, body: Rotation) -> Result:
    """Give an endpoint a new secret.

    Only this answer has it. Until the overlap has passed, every message has a signature of each.
    """
    return document_with_secret(*endpoints.rotate(name, dt.timedelta(hours=body.overlap_hours)))


@blueprint.post("/<name>/pause")
@operation({200: Answer(Endpoint, "The endpoint.")})
def pause_endpoint(name: str) -> Result:
    """Send nothing more to an endpoint.

    What happens meanwhile waits for it.
    """
    return endpoint_document(endpoints.pause(name))


@blueprint.post("/<name>/resume")
@operation({200: Answer(Endpoint, "The endpoint.")})
def resume_endpoint(name: str) -> Result:
    """Let an endpoint go on.

    What waits for it is sent at once.
    """
    return endpoint_document(endpoints.resume(name))


@blueprint.post("/<name>/ping")
@operation(
    {202: Answer(Delivery, "It is sent within a second or two.", {"Location": "Where the delivery is."})},
    errors=[EndpointPaused],
)
def ping_endpoint(name: str) -> Result:
    """Send a message of the type `ping`.

    Its delivery tells what came of it.
    """
    document = delivery_document(endpoints.ping(name))
    return document, 202, {"Location": document.url}


class DeliveriesQuery(ListQuery[UUID]):
    """The cursor is the id of a delivery."""


class DeliveryList(BaseModel):
    deliveries: list[Delivery]
    next: NextPage


@blueprint.get("/<name>/deliveries")
@operation({200: Answer(DeliveryList, "A page of the list.", LINKS)}, query=DeliveriesQuery)
def list_deliveries(name: str, query: DeliveriesQuery) -> Result:
    """The newest deliveries to an endpoint first."""
    page = listings.deliveries(endpoints.get(name).id, query.cursor)
    deliveries = [delivery_document(delivery) for delivery in page.rows]
    return DeliveryList(deliveries=deliveries, next=next_page(page)), 200, links(page)


def _check(url: str) -> None:
    """Raises OutgoingRefused with the pointer into the body."""
    try:
        services().outgoing.check(url)
    except OutgoingRefused as error:
        raise OutgoingRefused(str(error), [BadField(str(error), "/url")]) from None
