"""pruning of kept steps"""

import datetime as dt

import sqlalchemy as sa
from alembic import op

from app.database import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    tasks = sa.table("periodic_tasks", sa.column("name"), sa.column("due_at", UtcDateTime()))
    op.bulk_insert(tasks, [{"name": "prune-steps", "due_at": dt.datetime.now(dt.UTC)}])


def downgrade() -> None:
    op.execute("DELETE FROM periodic_tasks WHERE name = 'prune-steps'")
