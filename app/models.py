"""The tables, and the states that a job and an item can be in. Which state follows which is in app/machine.py."""

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
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.mysql import LONGBLOB, LONGTEXT
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base, one_of, utc_now
from app.ids import new_id


class ItemState(enum.StrEnum):
    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    CANCELED = "canceled"

    @property
    def final(self) -> bool:
        return self not in (ItemState.PENDING, ItemState.QUEUED, ItemState.RUNNING)


class JobState(enum.StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def final(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


class Lane(enum.StrEnum):
    INTERACTIVE = "interactive"
    BULK = "bulk"


class EventKind(enum.StrEnum):
    """What can happen to an item after it was accepted; what an attempt ended with, among others."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RETRYING = "retrying"
    INTERRUPTED = "interrupted"
    HANDED_BACK = "handed-back"
    QUARANTINED = "quarantined"
    CANCELED = "canceled"
    RETRIED = "retried"


class ProcessKind(enum.StrEnum):
    WORKER = "worker"
    DISPATCHER = "dispatcher"


class Asset(Base):
    """An original as it was received. Its type and size are read from the content by the first worker that opens it.

    One that is to be downloaded from `source_url` has no content until a worker has done so.
    One that is `kept` was uploaded by itself and stays; any other one goes with the last job that uses it.
    """

    __tablename__ = "assets"
    __table_args__ = (
        CheckConstraint("bytes >= 0", name="bytes"),
        CheckConstraint("(sha256 IS NULL) = (bytes IS NULL)", name="content"),
        CheckConstraint("sha256 IS NOT NULL OR source_url IS NOT NULL", name="source"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(255))
    source_url: Mapped[str | None] = mapped_column(Text)
    sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    media_type: Mapped[str | None] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    frames: Mapped[int | None]
    kept: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime] = mapped_column(default=utc_now)


class SavedRecipe(Base):
    """One version of a recipe that somebody saved; it is never changed. The built-in ones are files.

    `document` is JSON as text: a column of JSON may come back with its keys in another order, and outputs have one.
    """

    __tablename__ = "recipes"
    __table_args__ = (CheckConstraint("version > 0", name="version"),)

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    document: Mapped[str] = mapped_column(Text().with_variant(LONGTEXT, "mysql", "mariadb"))
    created_at: Mapped[dt.datetime] = mapped_column(default=utc_now)


class Job(Base):
    """One submission: one recipe version, one or more items. Its counts are of the items that ended in each way.

    `variables` are the values that the job gave to those of the recipe. `collecting` of its `total` items make
    something of the results of all others, once those have ended. Where `stop_on_error` is set, the first item that
    fails cancels the rest. The job is deleted at `expires_at`, which its end sets where `keep_seconds` says so.
    `notify` are the webhook endpoints that the recipe names, each with the events that it asks for, or None.
    `revision` grows with every transition of an item.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(
            "succeeded >= 0 AND failed >= 0 AND quarantined >= 0 AND canceled >= 0"
            " AND succeeded + failed + quarantined + canceled <= total",
            name="counts",
        ),
        Index("ix_jobs_state", "state", "lane"),
        Index("ix_jobs_of_state", "state", "id"),
        Index("ix_jobs_of_recipe", "recipe", "id"),
        Index("ix_jobs_of_lane", "lane", "id"),
        CheckConstraint("total > collecting AND collecting >= 0", name="total"),
        CheckConstraint("(state IN ('queued', 'running')) = (finished_at IS NULL)", name="finished"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    state: Mapped[JobState] = mapped_column(one_of(JobState, "job_state"), default=JobState.QUEUED)
    lane: Mapped[Lane] = mapped_column(one_of(Lane, "lane"))
    recipe: Mapped[str] = mapped_column(String(64))
    recipe_version: Mapped[int]
    variables: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    collecting: Mapped[int] = mapped_column(default=0)
    stop_on_error: Mapped[bool] = mapped_column(default=False)
    keep_seconds: Mapped[int | None] = mapped_column(BigInteger)
    notify: Mapped[dict[str, list[str] | None] | None] = mapped_column(JSON(none_as_null=True))
    revision: Mapped[int] = mapped_column(default=0)
    total: Mapped[int]
    succeeded: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    quarantined: Mapped[int] = mapped_column(default=0)
    canceled: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(default=utc_now)
    finished_at: Mapped[dt.datetime | None]
    expires_at: Mapped[dt.datetime | None] = mapped_column(index=True)

    items: Mapped[list["Item"]] = relationship(
        back_populates="job", order_by="Item.position", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.quarantined + self.canceled


class Item(Base):
    """One asset in one job, or one thing that is collected from the results of all others (`collects`, its name in the
    recipe): the unit of work, of retry, of progress and of failure.

    `attempt` numbers the claims and is the fencing token. `strikes` are the attempts that ended without an answer about
    the file (a killed process, a lost worker), `retries` those that met trouble that passes, first at `troubled_since`.
    `owner` tells which operating system process holds the lease (app/owners.py), `worker` tells people.
    `lane` is the job's, repeated for the index that the dispatcher reads in order.
    `key` says what it was made of and how, all outputs together (app/reuse.py).
    Nobody claims a waiting item before `not_before`; the dispatcher publishes it at `dispatch_after`.
    """

    __tablename__ = "items"
    __table_args__ = (
        UniqueConstraint("job_id", "position"),
        Index("ix_items_due", "lane", "state", "dispatch_after"),
        Index("ix_items_lease", "state", "lease_until"),
        CheckConstraint("(asset_id IS NULL) = (collects IS NOT NULL)", name="kind"),
        CheckConstraint("attempt >= 0 AND strikes >= 0 AND retries >= 0 AND publishes >= 0", name="counts"),
        CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease"),
        CheckConstraint("(state = 'running') = (owner IS NOT NULL)", name="owner"),
        CheckConstraint("(state IN ('pending', 'queued', 'running')) = (finished_at IS NULL)", name="finished"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    asset_id: Mapped[UUID | None] = mapped_column(ForeignKey("assets.id"), index=True)
    collects: Mapped[str | None] = mapped_column(String(64))
    position: Mapped[int]
    lane: Mapped[Lane] = mapped_column(one_of(Lane, "item_lane"))
    state: Mapped[ItemState] = mapped_column(one_of(ItemState, "item_state"), default=ItemState.PENDING)
    attempt: Mapped[int] = mapped_column(default=0)
    strikes: Mapped[int] = mapped_column(default=0)
    retries: Mapped[int] = mapped_column(default=0)
    troubled_since: Mapped[dt.datetime | None]
    publishes: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[dt.datetime | None]
    dispatch_after: Mapped[dt.datetime] = mapped_column(default=utc_now)
    lease_until: Mapped[dt.datetime | None]
    owner: Mapped[str | None] = mapped_column(String(128))
    worker: Mapped[str | None] = mapped_column(String(255))
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    error_code: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    key: Mapped[str | None] = mapped_column(String(64), index=True)

    job: Mapped[Job] = relationship(back_populates="items")
    asset: Mapped[Asset | None] = relationship()
    outputs: Mapped[list["Output"]] = relationship(
        back_populates="item", order_by="Output.position", cascade="all, delete-orphan", passive_deletes=True
    )
    events: Mapped[list["Event"]] = relationship(order_by="Event.id", viewonly=True)

    @property
    def name(self) -> str:
        """For people: the file's, or that of what is collected."""
        return self.asset.name if self.asset else str(self.collects)


class Output(Base):
    """A finished file of an item. `name` is the recipe's name for it, `filename` the one it is downloaded under.

    `key` says what it was made of and how (app/reuse.py); `reused`: it was not made again, because it was there. What
    is no picture has no width and height.
    """

    __tablename__ = "outputs"
    __table_args__ = (
        UniqueConstraint("item_id", "name"),
        CheckConstraint("bytes > 0 AND (width IS NULL) = (height IS NULL)", name="size"),
        CheckConstraint("width > 0 AND height > 0", name="sides"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    position: Mapped[int]
    attempt: Mapped[int]
    name: Mapped[str] = mapped_column(String(64))
    filename: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    media_type: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    key: Mapped[str | None] = mapped_column(String(64), index=True)
    reused: Mapped[bool] = mapped_column(default=False)
    quality: Mapped[int | None]
    tries: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[dt.datetime] = mapped_column(default=utc_now)

    item: Mapped[Item] = relationship(back_populates="outputs")


class Event(Base):
    """One line of an item's timeline, written in the transaction that it tells of."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_item_id", "item_id"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    item_id: Mapped[UUID] = mapped_column(ForeignKey("items.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime] = mapped_column(default=utc_now)
    kind: Mapped[EventKind] = mapped_column(one_of(EventKind, "event_kind"))
    attempt: Mapped[int]
    worker: Mapped[str | None] = mapped_column(String(255))
    code: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str | None] = mapped_column(Text)


class Process(Base):
    """A worker or a dispatcher and its last sign of life. Rows of the dead are cleaned away later."""

    __tablename__ = "processes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[ProcessKind] = mapped_column(one_of(ProcessKind, "process_kind"))
    name: Mapped[str] = mapped_column(String(255))
    concurrency: Mapped[int]
    started_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]


class LanePause(Base):
    """A lane from which nothing is published or claimed; its items wait until the row is gone."""

    __tablename__ = "lane_pauses"

    lane: Mapped[Lane] = mapped_column(one_of(Lane, "paused_lane"), primary_key=True)
    since: Mapped[dt.datetime] = mapped_column(default=utc_now)


class PeriodicTask(Base):
    """Work of the dispatcher that comes again: whoever moves `due_at` does it. The migrations make the rows."""

    __tablename__ = "periodic_tasks"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[dt.datetime]


class Total(Base):
    """Counters that only grow; the sum of all rows counts (app/totals.py). The migrations make the rows."""

    __tablename__ = "totals"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    jobs_accepted: Mapped[int] = mapped_column(BigInteger)
    items_accepted: Mapped[int] = mapped_column(BigInteger)
    input_bytes: Mapped[int] = mapped_column(BigInteger)
    items_succeeded: Mapped[int] = mapped_column(BigInteger)
    items_failed: Mapped[int] = mapped_column(BigInteger)
    items_quarantined: Mapped[int] = mapped_column(BigInteger)
    items_canceled: Mapped[int] = mapped_column(BigInteger)
    outputs_made: Mapped[int] = mapped_column(BigInteger)
    outputs_reused: Mapped[int] = mapped_column(BigInteger)
    output_bytes: Mapped[int] = mapped_column(BigInteger)
    decodes: Mapped[int] = mapped_column(BigInteger)
    steps_done: Mapped[int] = mapped_column(BigInteger)
    steps_reused: Mapped[int] = mapped_column(BigInteger)


class IdempotentRequest(Base):
    """A request that names an Idempotency-Key: reserved while it is worked on, then with its first answer.

    `owner` is who sent it, `key` the SHA-256 of the header: databases compare texts each in their own way. `holder` is
    the process that works on it, `token` that one try.
    """

    __tablename__ = "idempotent_requests"
    __table_args__ = (CheckConstraint("(status IS NULL) = (fingerprint IS NULL)", name="answered"),)

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    token: Mapped[UUID] = mapped_column(default=new_id)
    holder: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[dt.datetime] = mapped_column(default=utc_now, index=True)
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[int | None]
    job_id: Mapped[UUID | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSON)
    body: Mapped[bytes | None] = mapped_column(LargeBinary().with_variant(LONGBLOB, "mysql", "mariadb"))
