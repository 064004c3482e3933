"""The tables of webhooks: endpoints, deliveries, and each attempt at one."""

import datetime as dt
import enum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, one_of, utc_now
from app.ids import new_id


class DeliveryState(enum.StrEnum):
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Pause(enum.StrEnum):
    """Why nothing is sent to an endpoint."""

    BY_HAND = "by-hand"
    FAILING = "failing"
    GONE = "gone"


class Endpoint(Base):
    """A URL that is told of events: of those in `events`, and of all jobs or only of those whose recipe notifies it.

    `secrets` are all that sign, the newest first, as `{"secret": …, "until": …}`; the newest has no end. They stand
    here as they are, because they have to sign. Nothing is sent before `hold_until`, which the endpoint asked for.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (CheckConstraint("(paused_since IS NULL) = (paused_because IS NULL)", name="paused"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    events: Mapped[list[str]] = mapped_column(JSON)
    all_jobs: Mapped[bool]
    secrets: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    paused_since: Mapped[dt.datetime | None]
    paused_because: Mapped[Pause | None] = mapped_column(one_of(Pause, "pause"))
    failing_since: Mapped[dt.datetime | None]
    hold_until: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(default=utc_now)


class Delivery(Base):
    """One message for one endpoint, written in the transaction of the event that it tells of.

    `attempts` numbers the claims and is the fencing token; `failures` are those in a row that decide the next wait.
    Whoever has claimed it holds it until `lease_until`; then it is due again.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_due", "endpoint_id", "state", "next_try_at"),
        Index("ix_webhook_deliveries_lease", "endpoint_id", "lease_until"),
        Index("ix_webhook_deliveries_created_at", "created_at"),
        Index("ix_webhook_deliveries_of_endpoint", "endpoint_id", "id"),
        CheckConstraint("(state = 'pending') = (next_try_at IS NOT NULL)", name="next_try"),
        CheckConstraint("(state = 'pending') = (finished_at IS NULL)", name="finished"),
        CheckConstraint("lease_until IS NULL OR state = 'pending'", name="lease"),
        CheckConstraint("attempts >= 0 AND failures >= 0", name="counts"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    endpoint_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(32))
    body: Mapped[str] = mapped_column(Text().with_variant(LONGTEXT, "mysql", "mariadb"))
    state: Mapped[DeliveryState] = mapped_column(one_of(DeliveryState, "delivery_state"), default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[dt.datetime | None] = mapped_column(default=utc_now)
    lease_until: Mapped[dt.datetime | None]
    created_at: Mapped[dt.datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[dt.datetime | None]

    endpoint: Mapped[Endpoint] = relationship()
    tries: Mapped[list["DeliveryAttempt"]] = relationship(order_by="DeliveryAttempt.id", viewonly=True)


class DeliveryAttempt(Base):
    """One request and what came back: a status with the beginning of the body, or why there is none."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (UniqueConstraint("delivery_id", "number"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    delivery_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    url: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    milliseconds: Mapped[int | None]
    status: Mapped[int | None]
    response: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
