"""counters that outlive jobs, pruning of kept steps"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0004"
down_revision = "0003"

COUNTERS = (
    "jobs_accepted", "items_accepted", "input_bytes",
    "items_succeeded", "items_failed", "items_quarantined", "items_canceled",
    "outputs_made", "outputs_reused", "output_bytes", "decodes", "steps_done", "steps_reused",
)  # fmt: skip
SHARDS = 8


def upgrade() -> None:
    totals = op.create_table(
        "totals",
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTERS),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_totals")),
    )
    op.bulk_insert(totals, [{"shard": shard} | dict.fromkeys(COUNTERS, 0) for shard in range(SHARDS)])
    tasks = sa.table("periodic_tasks", sa.column("name"), sa.column("due_at", UtcDateTime()))
    op.bulk_insert(tasks, [{"name": "prune-steps", "due_at": dt.datetime.now(dt.UTC)}])


def downgrade() -> None:
    op.execute("DELETE FROM periodic_tasks WHERE name = 'prune-steps'")
    op.drop_table("totals")
