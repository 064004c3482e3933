"""A database with work in it goes up, down and up again, and keeps what it has."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import flask_migrate
import pytest
from flask import Flask

from app import create_app, dispatch, jobs
from app.database import db, utc_now
from app.settings import load
from tests import rows
from tests.conftest import close_database, environment
from tests.factories import claimed, output, succeed

THEN = "2026-01-01 10:00:00.000000"
RUNNING_JOB, FAILED_JOB = UUID(int=1), UUID(int=2)
DONE, RUNNING, QUEUED, FAILED = (UUID(int=number) for number in range(11, 15))
JOBS = [
    {"id": RUNNING_JOB, "state": "running", "total": 3, "succeeded": 1, "failed": 0, "finished_at": None},
    {"id": FAILED_JOB, "state": "failed", "total": 1, "succeeded": 0, "failed": 1, "finished_at": THEN},
]
ITEMS = [
    {"id": DONE, "job_id": RUNNING_JOB, "state": "succeeded", "attempt": 2, "finished_at": THEN, "worker": "old",
     "data": '{"placeholder": "L"}'},
    {"id": RUNNING, "job_id": RUNNING_JOB, "state": "running", "attempt": 1, "lease_until": THEN, "worker": "old"},
    {"id": QUEUED, "job_id": RUNNING_JOB, "state": "queued", "publishes": 3},
    {"id": FAILED, "job_id": FAILED_JOB, "state": "failed", "attempt": 1, "finished_at": THEN,
     "error_code": "damaged-file", "error": "It is cut off."},
]  # fmt: skip
TABLES = ("assets", "jobs", "items", "outputs")


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Flask]:
    """The app, in its context, on a database of the version before, with work in every state."""
    app = create_app(load(environment(tmp_path)))
    with app.app_context():
        flask_migrate.upgrade(revision="0001")
        for job in JOBS:
            insert("jobs", job | {"lane": "bulk", "recipe": "web-images", "recipe_version": 1, "quarantined": 0,
                                  "canceled": 0, "created_at": THEN})  # fmt: skip
        for position, item in enumerate(ITEMS):
            asset = {"id": UUID(int=100 + position), "name": "a.jpg", "sha256": f"{position:064}", "bytes": 1}
            insert("assets", asset | {"created_at": THEN})
            insert("items", {"attempt": 0, "publishes": 1} | item
                   | {"asset_id": asset["id"], "position": position, "dispatch_after": THEN})  # fmt: skip
        for name in ("320-jpeg", "320-webp"):
            insert("outputs", {"id": UUID(int=200 + len(name) + (name == "320-webp")), "item_id": DONE, "position": 0,
                               "attempt": 2, "name": name, "filename": f"a-{name}.jpg", "sha256": "f" * 64,
                               "media_type": "image/jpeg", "bytes": 9, "width": 3, "height": 3,
                               "created_at": THEN})  # fmt: skip
        yield app
    close_database(app)


def insert(table: str, values: dict[str, Any]) -> None:
    shown = [value.hex if isinstance(value, UUID) else value for value in values.values()]
    with db.engine.begin() as connection:
        marks = ", ".join("?" * len(shown))
        connection.exec_driver_sql(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(shown))


def everything() -> dict[str, list[dict[str, Any]]]:
    with db.engine.connect() as connection:
        return {
            table: [dict(row._mapping) for row in connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY id")]
            for table in TABLES
        }


def kept(before: dict[str, list[dict[str, Any]]], after: dict[str, list[dict[str, Any]]], but: UUID) -> bool:
    """Whether every column of before still has its value, but for one item."""
    return all(
        len(before[table]) == len(after[table])
        and all(old == {name: new[name] for name in old} or old["id"] == but.hex
                for old, new in zip(before[table], after[table], strict=True))
        for table in TABLES
    )  # fmt: skip


def test_everything_is_kept_up_down_and_up_again(old: Flask):
    before = everything()
    assert [len(before[table]) for table in TABLES] == [4, 2, 4, 2]
    for migrate in (flask_migrate.upgrade, flask_migrate.downgrade, flask_migrate.upgrade):
        migrate()
        assert kept(before, everything(), but=RUNNING)


def test_what_ran_is_done_again_and_nothing_else(old: Flask):
    """The worker of the version before finds that its attempt is over; one that has an owner takes it."""
    flask_migrate.upgrade()
    assert {due.id for due in rows.due()} == {RUNNING, QUEUED}
    assert {due.lane for due in rows.due()} == {"bulk"}
    item = rows.item(RUNNING)
    assert (item.state, item.attempt, item.lease_until, item.owner) == ("pending", 1, None, None)
    for item_id, attempt in ((RUNNING, 2), (QUEUED, 1)):
        claim = claimed(item_id)
        assert claim.attempt == attempt
        assert succeed(claim, output(claim))
    assert rows.job(RUNNING_JOB).state == "succeeded"
    assert len(rows.item(DONE).outputs) == 2


def test_the_new_actions_work_on_old_jobs(old: Flask):
    flask_migrate.upgrade()
    assert [due.id for due in jobs.retry(FAILED_JOB)] == [FAILED]
    assert rows.kinds(FAILED) == ["retried"]
    assert jobs.cancel(RUNNING_JOB).waiting == 2
    jobs.remove(RUNNING_JOB)
    assert rows.states() == ["pending"]


def test_a_database_in_full_work_goes_down(old: Flask):
    """The version before knows leases too, and takes back what is lost by their end."""
    flask_migrate.upgrade()
    claimed(QUEUED, lease=dt.timedelta(seconds=60))
    dispatch.mark_published(rows.due(), utc_now())
    before = everything()
    flask_migrate.downgrade(revision="0002")
    after = everything()
    new_columns = set(before["items"][0]) - set(after["items"][0])
    assert new_columns == {"collects", "key"}
    for table in TABLES:
        assert [{name: old[name] for name in new} for old, new in zip(before[table], after[table], strict=True)] == (
            after[table]
        )
