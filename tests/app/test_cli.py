"""The commands of `flask --app app`, as somebody types them."""

import os
import time
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.cli import FlaskGroup
from flask.testing import FlaskCliRunner

from app import doctor, lanes
from app.database import db
from app.doctor import BAD, NOTE, OK, Finding
from app.models import Lane
from app.storage import Store
from tests.factories import files_below, received, submitted


class Typing(FlaskCliRunner):
    """Invokes the command `flask` itself, which gives each command the app's context."""

    def __call__(self, *command: str) -> Result:
        return self.invoke(FlaskGroup(create_app=lambda: self.app), args=command)


@pytest.fixture
def flask(app: Flask) -> Typing:
    return Typing(app)


def test_collect_removes_what_no_job_names(flask: Typing, app: Flask, store: Store, tmp_path: Path):
    with app.app_context():
        submitted(store)
    old = store.path(received(store, content=b"old").stored.sha256)
    moment = time.time() - 90_000
    os.utime(old, (moment, moment))
    received(store, content=b"fresh")
    assert flask("collect").output == "Removed 1 files that no job names and 0 temporary ones.\n"
    assert "Removed 1 files" in flask("collect", "--older-than", "0").output
    assert len(files_below(tmp_path / "media")) == 1


def test_a_lane_is_paused_and_goes_on(flask: Typing, app: Flask):
    def say(*command: str) -> str:
        return flask(*command).output

    assert say("pause", "bulk") == "The lane bulk is paused.\n"
    assert say("pause", "bulk") == "The lane bulk was already paused.\n"
    with app.app_context():
        assert list(lanes.paused(db.session())) == [Lane.BULK]
    assert say("resume", "bulk") == "The lane bulk goes on.\n"
    assert say("resume", "bulk") == "The lane bulk was not paused.\n"
    assert flask("pause", "fast").exit_code == 2


@pytest.mark.parametrize(("verdicts", "code"), [([OK, NOTE], 0), ([OK, BAD, OK], 1)])
def test_doctor_ends_with_1_where_a_person_is_needed(
    flask: Typing, monkeypatch: pytest.MonkeyPatch, verdicts: list[str], code: int
):
    monkeypatch.setattr(doctor, "examine", lambda _: [Finding(verdict, "disk", "So it is.") for verdict in verdicts])
    result = flask("doctor")
    assert result.exit_code == code
    assert result.output.splitlines() == [f"{verdict:<5} disk: So it is." for verdict in verdicts]


def test_doctor_says_what_is_wrong_where_nothing_runs(flask: Typing):
    result = flask("doctor")
    assert result.exit_code == 1
    bad = [line for line in result.output.splitlines() if line.startswith(BAD)]
    assert {line.split()[1] for line in bad} == {"workers:", "dispatchers:", "broker:"}
