"""Signs of life must never be what kills a process."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app import processes
from app.database import db, utc_now
from app.models import ProcessKind
from app.processes import Presence
from app.settings import Settings
from tasks.heartbeat import beat, end


@pytest.fixture
def presence(context: Flask, make_settings: Callable[..., Settings]) -> Presence:
    return Presence(make_settings().database_url, ProcessKind.DISPATCHER, "dispatcher")


def alive() -> int:
    db.session.remove()
    return len(processes.alive(db.session(), ProcessKind.DISPATCHER, utc_now()))


def test_a_beat_touches_the_file_and_the_row(presence: Presence, tmp_path: Path):
    beat(presence, tmp_path / "alive")
    assert (tmp_path / "alive").exists()
    assert alive() == 1
    end(presence)
    assert alive() == 0


def test_a_process_whose_work_fails_shows_only_its_row(presence: Presence, tmp_path: Path):
    """The health check reads the file; people read that there is a process."""
    beat(presence, None)
    assert alive() == 1
    assert not (tmp_path / "alive").exists()


def test_a_file_that_can_not_be_written_ends_nothing_and_the_row_is_kept_fresh(presence: Presence, tmp_path: Path):
    """A full disk, a read-only one, a folder that is not there."""
    for path in (tmp_path / "missing" / "alive", Path("/proc/alive"), Path("/dev/null/alive")):
        beat(presence, path)
        assert alive() == 1
        end(presence)


def test_a_locked_database_ends_nothing_and_the_file_is_kept_fresh(presence: Presence, tmp_path: Path):
    connection = sqlite3.connect(tmp_path / "darkroom.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        beat(presence, tmp_path / "alive")
        end(presence)
    finally:
        connection.close()
    assert (tmp_path / "alive").exists()
