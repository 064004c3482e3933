import threading
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import inspect, text, update
from sqlalchemy.exc import OperationalError

from app import create_app, jobs
from app.database import Base, db, transaction
from app.models import Job
from app.settings import load
from app.storage import Store
from tests.conftest import close_database, environment
from tests.factories import submitted


def schema() -> dict[str, object]:
    """Everything of the schema that the inspector tells."""
    inspector = inspect(db.engine)
    return {
        table: (
            sorted((c["name"], str(c["type"]), c["nullable"]) for c in inspector.get_columns(table)),
            inspector.get_pk_constraint(table),
            sorted(map(str, inspector.get_foreign_keys(table))),
            sorted(map(str, inspector.get_indexes(table))),
            sorted(map(str, inspector.get_unique_constraints(table))),
            sorted(map(str, inspector.get_check_constraints(table))),
        )
        for table in inspector.get_table_names()
        if table != "alembic_version"
    }


def test_migrations_lead_up_down_and_up_again_to_the_models(tmp_path: Path):
    app = create_app(load(environment(tmp_path)))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        from_models = schema()
        Base.metadata.drop_all(db.engine)
        flask_migrate.upgrade()
        assert schema() == from_models
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        flask_migrate.downgrade(revision="base")
        assert schema() == {}
        flask_migrate.upgrade()
        assert schema() == from_models
    close_database(app)


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 20000)]
)
def test_sqlite_is_set_to_keep_what_was_accepted(context: Flask, pragma: str, value: object):
    with db.engine.connect() as connection:
        assert connection.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_concurrent_read_modify_writes_lose_nothing(context: Flask, store: Store):
    """BEGIN IMMEDIATE: with a plain BEGIN, two transactions read the same value, or fail as they upgrade their lock."""
    submission = submitted(store, *[f"{n}.jpg" for n in range(100)])

    def count_up() -> None:
        with context.app_context():
            for _ in range(25):
                with transaction() as session:
                    job = session.get_one(Job, submission.job.id)
                    session.execute(update(Job).values(succeeded=job.succeeded + 1))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert jobs.get(submission.job.id).succeeded == 100


def test_a_slow_reader_does_not_hold_up_a_writer(context: Flask, store: Store):
    submission = submitted(store)
    assert jobs.get(submission.job.id).succeeded == 0
    with transaction() as session:
        session.execute(update(Job).values(succeeded=1))
    assert jobs.get(submission.job.id).succeeded == 0, "the reader still sees its own moment"
    db.session.remove()
    assert jobs.get(submission.job.id).succeeded == 1


def test_the_reading_session_can_not_write(context: Flask, store: Store):
    submitted(store)
    with pytest.raises(OperationalError, match="readonly"):
        db.session.execute(text("DELETE FROM jobs"))


@pytest.mark.parametrize("engine", [None, "read"])
def test_an_error_of_the_database_tells_no_values(context: Flask, engine: str | None):
    """They may be secrets, and errors stand in logs."""
    with db.engines[engine].connect() as connection, pytest.raises(OperationalError) as error:
        connection.execute(text("SELECT :value FROM nowhere"), {"value": "whsec_c2VjcmV0"})
    assert "whsec" not in str(error.value)
