"""webhook endpoints, deliveries and their attempts; whom a job notifies; originals that are downloaded"""

import datetime as dt

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

from app.database import UtcDateTime

revision = "0005"
down_revision = "0004"

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""The SHA-256 of nothing."""


def enum(name, values):
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=16)


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("all_jobs", sa.Boolean(), nullable=False),
        sa.Column("secrets", sa.JSON(), nullable=False),
        sa.Column("paused_since", UtcDateTime(), nullable=True),
        sa.Column("paused_because", enum("pause", ("by-hand", "failing", "gone")), nullable=True),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("hold_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(paused_since IS NULL) = (paused_because IS NULL)", name=op.f("ck_webhook_endpoints_paused")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint("name", name=op.f("uq_webhook_endpoints_name")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text().with_variant(LONGTEXT, "mysql", "mariadb"), nullable=False),
        sa.Column("state", enum("delivery_state", ("pending", "succeeded", "failed")), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'pending') = (next_try_at IS NOT NULL)", name=op.f("ck_webhook_deliveries_next_try")
        ),
        sa.CheckConstraint("(state = 'pending') = (finished_at IS NULL)", name=op.f("ck_webhook_deliveries_finished")),
        sa.CheckConstraint("lease_until IS NULL OR state = 'pending'", name=op.f("ck_webhook_deliveries_lease")),
        sa.CheckConstraint("attempts >= 0 AND failures >= 0", name=op.f("ck_webhook_deliveries_counts")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_id"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
    )  # fmt: skip
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["endpoint_id", "state", "next_try_at"])
    op.create_index("ix_webhook_deliveries_lease", "webhook_deliveries", ["endpoint_id", "lease_until"])
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["webhook_deliveries.id"], name=op.f("fk_webhook_attempts_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
        sa.UniqueConstraint("delivery_id", "number", name=op.f("uq_webhook_attempts_delivery_id_number")),
    )
    with op.batch_alter_table("jobs") as batch:
        batch.add_column(sa.Column("notify", sa.JSON(), nullable=True))
    with op.batch_alter_table("assets") as batch:
        batch.add_column(sa.Column("source_url", sa.Text(), nullable=True))
        batch.alter_column("sha256", existing_type=sa.String(length=64), nullable=True)
        batch.alter_column("bytes", existing_type=sa.BigInteger(), nullable=True)
        batch.create_check_constraint(op.f("ck_assets_content"), "(sha256 IS NULL) = (bytes IS NULL)")
        batch.create_check_constraint(op.f("ck_assets_source"), "sha256 IS NOT NULL OR source_url IS NOT NULL")
    tasks = sa.table("periodic_tasks", sa.column("name"), sa.column("due_at", UtcDateTime()))
    op.bulk_insert(tasks, [{"name": "forget-deliveries", "due_at": dt.datetime.now(dt.UTC)}])


def downgrade() -> None:
    op.execute("DELETE FROM periodic_tasks WHERE name = 'forget-deliveries'")
    # What was not downloaded is a file that is missing to the version before; it tells so until the job is deleted.
    assets = sa.table("assets", sa.column("sha256"), sa.column("bytes"))
    op.execute(assets.update().where(assets.c.sha256.is_(None)).values(sha256=EMPTY, bytes=0))
    with op.batch_alter_table("assets") as batch:
        batch.drop_constraint(op.f("ck_assets_source"), type_="check")
        batch.drop_constraint(op.f("ck_assets_content"), type_="check")
        batch.alter_column("bytes", existing_type=sa.BigInteger(), nullable=False)
        batch.alter_column("sha256", existing_type=sa.String(length=64), nullable=False)
        batch.drop_column("source_url")
    with op.batch_alter_table("jobs") as batch:
        batch.drop_column("notify")
    for name in ("webhook_attempts", "webhook_deliveries", "webhook_endpoints"):
        op.drop_table(name)
