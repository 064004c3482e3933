"""Signs of life: a row per process, gone when it ends, stale when it died."""

import datetime as dt
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app import processes
from app.database import db, transaction, utc_now
from app.models import Process, ProcessKind
from app.processes import Presence
from app.settings import Settings
from tests.clock import Clock


@pytest.fixture
def presence(context: Flask, make_settings: Callable[..., Settings]) -> Presence:
    return Presence(make_settings().database_url, ProcessKind.WORKER, "worker", concurrency=2)


def alive(kind: ProcessKind = ProcessKind.WORKER) -> list[Process]:
    db.session.remove()
    return processes.alive(db.session(), kind, processes.utc_now())


def test_a_process_is_alive_from_its_first_beat_to_its_end(presence: Presence):
    assert alive() == []
    presence.beat()
    [row] = alive()
    assert row.name.startswith("worker@")
    assert row.concurrency == 2
    assert alive(ProcessKind.DISPATCHER) == []
    presence.end()
    assert alive() == []


def test_a_process_that_says_nothing_is_dead_after_a_while(presence: Presence, monkeypatch: pytest.MonkeyPatch):
    clock = Clock(monkeypatch)
    presence.beat()
    clock.forward(seconds=29)
    assert len(alive()) == 1
    clock.forward(seconds=2)
    assert alive() == []
    presence.beat()
    assert len(alive()) == 1, "it was only stopped"


def test_an_error_of_its_database_tells_no_values(presence: Presence):
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE processes"))
    with pytest.raises(OperationalError) as error:
        presence.beat()
    assert str(presence._id.hex) not in str(error.value)


def test_beats_are_one_row_also_after_it_was_cleaned_away(presence: Presence):
    for _ in range(3):
        presence.beat()
    with transaction() as session:
        processes.forget_dead(session, utc_now() + dt.timedelta(hours=2))
    assert alive() == []
    presence.beat()
    assert len(alive()) == 1


def test_only_the_long_dead_are_forgotten(presence: Presence):
    presence.beat()
    with transaction() as session:
        processes.forget_dead(session, utc_now() + dt.timedelta(minutes=59))
    with transaction() as session:
        assert session.query(Process).count() == 1


def test_a_locked_database_holds_up_a_beat_for_a_second_and_no_longer(presence: Presence, tmp_path: Path):
    """A worker beats from its event loop: no message comes in while it waits."""
    connection = sqlite3.connect(tmp_path / "darkroom.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    started = dt.datetime.now(dt.UTC)
    try:
        with pytest.raises(OperationalError, match="locked"):
            presence.beat()
    finally:
        connection.close()
    assert dt.datetime.now(dt.UTC) - started < dt.timedelta(seconds=10), "the app's own connections wait for 20"
    presence.beat()
