"""saved recipes, variables and expiry of jobs, items that collect, keys of outputs"""

import datetime as dt

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import LONGTEXT

from app.database import UtcDateTime

revision = "0003"
down_revision = "0002"


def replace_check(batch, name, condition):
    batch.drop_constraint(op.f(name), type_="check")
    batch.create_check_constraint(op.f(name), condition)


def upgrade() -> None:
    op.create_table(
        "recipes",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.Text().with_variant(LONGTEXT, "mysql", "mariadb"), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_recipes_version")),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_recipes")),
    )
    with op.batch_alter_table("jobs") as batch:
        batch.add_column(sa.Column("variables", sa.JSON(), nullable=True))
        batch.add_column(sa.Column("collecting", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("stop_on_error", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("keep_seconds", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("expires_at", UtcDateTime(), nullable=True))
        replace_check(batch, "ck_jobs_total", "total > collecting AND collecting >= 0")
    jobs = sa.table("jobs", sa.column("variables", sa.JSON()))
    op.execute(jobs.update().values(variables={}))
    with op.batch_alter_table("jobs") as batch:
        batch.alter_column("variables", existing_type=sa.JSON(), nullable=False)
    op.create_index("ix_jobs_expires_at", "jobs", ["expires_at"])
    with op.batch_alter_table("items") as batch:
        batch.add_column(sa.Column("collects", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("key", sa.String(length=64), nullable=True))
        batch.alter_column("asset_id", existing_type=sa.Uuid(), nullable=True)
        batch.create_check_constraint(op.f("ck_items_kind"), "(asset_id IS NULL) = (collects IS NOT NULL)")
    op.create_index("ix_items_key", "items", ["key"])
    with op.batch_alter_table("outputs") as batch:
        batch.alter_column("width", existing_type=sa.Integer(), nullable=True)
        batch.alter_column("height", existing_type=sa.Integer(), nullable=True)
        batch.add_column(sa.Column("key", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("reused", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("quality", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="1"))
        replace_check(batch, "ck_outputs_size", "bytes > 0 AND (width IS NULL) = (height IS NULL)")
        batch.create_check_constraint(op.f("ck_outputs_sides"), "width > 0 AND height > 0")
    op.create_index("ix_outputs_key", "outputs", ["key"])
    tasks = sa.table("periodic_tasks", sa.column("name"), sa.column("due_at", UtcDateTime()))
    op.bulk_insert(tasks, [{"name": "expire", "due_at": dt.datetime.now(dt.UTC)}])


def downgrade() -> None:
    op.execute("DELETE FROM periodic_tasks WHERE name = 'expire'")
    op.execute("DELETE FROM items WHERE collects IS NOT NULL")  # their outputs go with them
    op.execute("UPDATE jobs SET total = total - collecting, succeeded = 0, failed = 0, quarantined = 0, canceled = 0")
    items = sa.table("items", sa.column("job_id"), sa.column("state"))
    for state in ("succeeded", "failed", "quarantined", "canceled"):
        jobs = sa.table("jobs", sa.column("id"), sa.column(state))
        count = sa.select(sa.func.count()).where(items.c.job_id == jobs.c.id, items.c.state == state)
        op.execute(jobs.update().values({state: count.scalar_subquery()}))
    op.drop_index("ix_outputs_key", "outputs")
    with op.batch_alter_table("outputs") as batch:
        batch.drop_constraint(op.f("ck_outputs_sides"), type_="check")
        replace_check(batch, "ck_outputs_size", "bytes > 0 AND width > 0 AND height > 0")
        for column in ("tries", "quality", "reused", "key"):
            batch.drop_column(column)
        batch.alter_column("height", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("width", existing_type=sa.Integer(), nullable=False)
    op.drop_index("ix_items_key", "items")
    with op.batch_alter_table("items") as batch:
        batch.drop_constraint(op.f("ck_items_kind"), type_="check")
        batch.alter_column("asset_id", existing_type=sa.Uuid(), nullable=False)
        batch.drop_column("key")
        batch.drop_column("collects")
    op.drop_index("ix_jobs_expires_at", "jobs")
    with op.batch_alter_table("jobs") as batch:
        replace_check(batch, "ck_jobs_total", "total > 0")
        for column in ("expires_at", "keep_seconds", "stop_on_error", "collecting", "variables"):
            batch.drop_column(column)
    op.drop_table("recipes")
