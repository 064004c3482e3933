"""What the database itself refuses, whatever the code does."""

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app.database import db
from app.storage import Store
from tests import rows
from tests.factories import claimed, output, submitted, succeed

NOW = "2026-01-01 00:00:00.000000"
OWNED = {"lease_until": NOW, "owner": "boot:1:1:1"}


@pytest.fixture(autouse=True)
def _item(context: Flask, store: Store) -> None:
    """A database with one waiting item."""
    submitted(store)


def update(table: str, **values: object) -> None:
    with db.engine.begin() as connection:
        changed = connection.exec_driver_sql(
            f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in values)}", tuple(values.values())
        )
        assert changed.rowcount == 1


@pytest.mark.parametrize(
    "values",
    [
        {"state": "lost"},
        {"state": "running"},
        {"state": "running", "lease_until": NOW},
        {"state": "running", "owner": "boot:1:1:1"},
        OWNED,
        {"state": "queued", **OWNED},
        {"state": "succeeded"},
        {"state": "pending", "finished_at": NOW},
        {"attempt": -1},
        {"strikes": -1},
        {"retries": -1},
        {"publishes": -1},
        {"job_id": "0" * 32},
        {"asset_id": "0" * 32},
    ],
    ids=str,
)
def test_an_impossible_item_is_refused(values: dict[str, object]):
    with pytest.raises(IntegrityError):
        update("items", **values)


@pytest.mark.parametrize(
    "values",
    [
        {"state": "lost"},
        {"state": "succeeded"},
        {"finished_at": NOW},
        {"succeeded": 2},
        *({count: -1} for count in ("succeeded", "failed", "quarantined", "canceled")),
        {"succeeded": 1, "canceled": 1},
        {"total": 0},
    ],
    ids=str,
)
def test_an_impossible_job_is_refused(values: dict[str, object]):
    with pytest.raises(IntegrityError):
        update("jobs", **values)


@pytest.mark.parametrize(
    "values", [{"bytes": -1}, {"bytes": None}, {"sha256": None}, {"sha256": None, "bytes": None}], ids=str
)
def test_an_impossible_asset_is_refused(values: dict[str, object]):
    with pytest.raises(IntegrityError):
        update("assets", **values)


@pytest.mark.parametrize(
    "values", [{"bytes": 0}, {"width": 0}, {"height": -1}, {"item_id": "0" * 32}, {"name": None}], ids=str
)
def test_an_impossible_output_is_refused(values: dict[str, object]):
    claim = claimed(rows.only_item().id)
    assert succeed(claim, output(claim))
    with pytest.raises(IntegrityError):
        update("outputs", **values)


def test_two_items_of_a_job_in_one_place_are_refused(store: Store):
    submitted(store, "a.jpg", "b.jpg")
    with pytest.raises(IntegrityError):
        update("items", position=0)


def test_the_possible_is_possible():
    """What is refused above is refused for its values, and not for how it is written."""
    update("items", state="running", **OWNED)
    update("jobs", state="succeeded", finished_at=NOW, succeeded=1)
    update("assets", sha256=None, bytes=None, source_url="https://photos.example/a.jpg")
