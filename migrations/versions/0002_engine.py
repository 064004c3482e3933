"""strikes, retries and owners of items; timelines; signs of life; paused lanes; periodic tasks"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0002"
down_revision = "0001"

LANES = ("interactive", "bulk")
EVENTS = (
    "queued", "claimed", "succeeded", "failed", "retrying", "interrupted", "handed-back", "quarantined", "canceled",
    "retried",
)  # fmt: skip

ATTEMPT = [("ck_items_attempt", "attempt >= 0")]
NEW_ITEM_CHECKS = [
    ("ck_items_counts", "attempt >= 0 AND strikes >= 0 AND retries >= 0 AND publishes >= 0"),
    ("ck_items_owner", "(state = 'running') = (owner IS NOT NULL)"),
    ("ck_items_finished", "(state IN ('pending', 'queued', 'running')) = (finished_at IS NULL)"),
]
NEW_JOB_CHECKS = [
    ("ck_jobs_total", "total > 0"),
    ("ck_jobs_finished", "(state IN ('queued', 'running')) = (finished_at IS NULL)"),
]


def enum(name, values):
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=16)


def replace_checks(batch, old, new):
    for name, _ in old:
        batch.drop_constraint(op.f(name), type_="check")
    for name, condition in new:
        batch.create_check_constraint(op.f(name), condition)


def upgrade() -> None:
    # Whoever works on one now finds that its attempt is over; it is done again by a worker that has an owner.
    now = dt.datetime.now(dt.UTC)
    items = sa.table(
        "items",
        sa.column("state"),
        sa.column("lease_until"),
        sa.column("publishes"),
        sa.column("dispatch_after", UtcDateTime()),
    )
    op.execute(
        items.update()
        .where(items.c.state == "running")
        .values(state="pending", lease_until=None, publishes=0, dispatch_after=now)
    )
    with op.batch_alter_table("jobs") as batch:
        replace_checks(batch, [], NEW_JOB_CHECKS)
    op.create_index("ix_jobs_state", "jobs", ["state", "lane"])
    op.drop_index("ix_items_due", "items")
    with op.batch_alter_table("items") as batch:
        batch.add_column(sa.Column("strikes", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("retries", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("troubled_since", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("not_before", UtcDateTime(), nullable=True))
        batch.add_column(sa.Column("owner", sa.String(length=128), nullable=True))
        batch.add_column(sa.Column("lane", enum("item_lane", LANES), nullable=False, server_default="interactive"))
        replace_checks(batch, ATTEMPT, NEW_ITEM_CHECKS)
    op.execute("UPDATE items SET lane = 'bulk' WHERE job_id IN (SELECT id FROM jobs WHERE lane = 'bulk')")
    op.create_index("ix_items_due", "items", ["lane", "state", "dispatch_after"])

    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("kind", enum("event_kind", EVENTS), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=255), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name=op.f("fk_events_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index("ix_events_item_id", "events", ["item_id"])
    op.create_table(
        "processes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", enum("process_kind", ("worker", "dispatcher")), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
    )
    op.create_table(
        "lane_pauses",
        sa.Column("lane", enum("paused_lane", LANES), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_lane_pauses")),
    )
    tasks = op.create_table(
        "periodic_tasks",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_periodic_tasks")),
    )
    op.bulk_insert(tasks, [{"name": name, "due_at": now} for name in ("collect", "forget-dead-processes")])


def downgrade() -> None:
    for name in ("periodic_tasks", "lane_pauses", "processes", "events"):
        op.drop_table(name)
    op.drop_index("ix_items_due", "items")
    op.drop_index("ix_jobs_state", "jobs")
    with op.batch_alter_table("items") as batch:
        replace_checks(batch, NEW_ITEM_CHECKS, ATTEMPT)
        batch.drop_constraint(op.f("ck_items_item_lane"), type_="check")
        for column in ("lane", "owner", "not_before", "troubled_since", "retries", "strikes"):
            batch.drop_column(column)
    op.create_index("ix_items_due", "items", ["state", "dispatch_after"])
    with op.batch_alter_table("jobs") as batch:
        replace_checks(batch, NEW_JOB_CHECKS, [])
