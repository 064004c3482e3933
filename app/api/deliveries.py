"""Deliveries: look at one, send it again."""

from uuid import UUID

from flask import Blueprint

from app.api.operation import Answer, Result, operation
from app.api.webhook_documents import WholeDelivery, whole_delivery
from app.errors import EndpointPaused
from app.webhooks import deliveries

blueprint = Blueprint("deliveries", __name__, url_prefix="/deliveries")


@blueprint.get("/<uuid:delivery_id>")
@operation({200: Answer(WholeDelivery, "The delivery.")})
def get_delivery(delivery_id: UUID) -> Result:
    """One delivery: what is sent, and what came of each try."""
    return whole_delivery(deliveries.get(delivery_id))


@blueprint.post("/<uuid:delivery_id>/redeliver")
@operation({202: Answer(WholeDelivery, "It is sent within a second or two.")}, errors=[EndpointPaused])
def redeliver(delivery_id: UUID) -> Result:
    """Send a delivery again, whatever became of it.

    Under the same `webhook-id`. One that is being sent at this moment is left alone.
    """
    deliveries.redeliver(delivery_id)
    return whole_delivery(deliveries.get(delivery_id)), 202
