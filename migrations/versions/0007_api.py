"""revisions of jobs, indexes of lists, assets without a job, idempotent requests"""

import datetime as dt

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGBLOB

from app.database import UtcDateTime

revision = "0007"
down_revision = "0005"

INDEXES = {
    "ix_jobs_of_state": ["state", "id"],
    "ix_jobs_of_recipe": ["recipe", "id"],
    "ix_jobs_of_lane": ["lane", "id"],
}


def upgrade() -> None:
    with op.batch_alter_table("jobs") as batch:
        batch.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
    for name, columns in INDEXES.items():
        op.create_index(name, "jobs", columns)
    op.create_index("ix_webhook_deliveries_of_endpoint", "webhook_deliveries", ["endpoint_id", "id"])
    with op.batch_alter_table("assets") as batch:
        batch.add_column(sa.Column("kept", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "idempotent_requests",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.LargeBinary().with_variant(LONGBLOB, "mysql", "mariadb"), nullable=True),
        sa.CheckConstraint("(status IS NULL) = (fingerprint IS NULL)", name=op.f("ck_idempotent_requests_answered")),
        sa.PrimaryKeyConstraint("owner", "key", name=op.f("pk_idempotent_requests")),
    )
    op.create_index("ix_idempotent_requests_created_at", "idempotent_requests", ["created_at"])
    tasks = sa.table("periodic_tasks", sa.column("name"), sa.column("due_at", UtcDateTime()))
    op.bulk_insert(tasks, [{"name": "forget-idempotency-keys", "due_at": dt.datetime.now(dt.UTC)}])


def downgrade() -> None:
    op.execute("DELETE FROM periodic_tasks WHERE name = 'forget-idempotency-keys'")
    op.drop_table("idempotent_requests")
    with op.batch_alter_table("assets") as batch:
        batch.drop_column("kept")
    op.drop_index("ix_webhook_deliveries_of_endpoint", "webhook_deliveries")
    for name in INDEXES:
        op.drop_index(name, "jobs")
    with op.batch_alter_table("jobs") as batch:
        batch.drop_column("revision")
