"""Prefer: wait. A request waits for the end of its job without a connection, and not all threads wait."""

import datetime as dt
import io
import threading
import time
from collections.abc import Callable, Iterator
from threading import BoundedSemaphore
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from app import create_app, jobs
from app.api import preferences
from app.database import db
from app.services import services
from app.settings import Settings
from tests import rows
from tests.conftest import close_database
from tests.factories import claimed, output, photo, succeed

JOBS = "/api/v1/jobs"


def send(client: FlaskClient, prefer: str, **headers: str) -> TestResponse:
    form = {"file": (io.BytesIO(photo()), "a.jpg")}
    return client.post(JOBS, data=form, headers={"Prefer": prefer, **headers})


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waiting takes no time here: the clock goes on by what is slept, and the sleeps are noted."""
    slept: list[float] = []
    monkeypatch.setattr(preferences.time, "sleep", slept.append)
    monkeypatch.setattr(preferences.time, "monotonic", lambda: sum(slept))
    return slept


@pytest.fixture
def finishing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let a worker finish the job at the look with this number."""
    look = jobs.state

    def at(number: int) -> None:
        looks = []

        def state(job_id: UUID):
            looks.append(job_id)
            if len(looks) == number:
                claim = claimed(rows.only_item().id)
                assert succeed(claim, output(claim))
            return look(job_id)

        monkeypatch.setattr(jobs, "state", state)

    return at


def test_a_job_that_ends_in_time_is_answered_whole(client: FlaskClient, sleeps, finishing):
    finishing(3)
    answer = send(client, "respond-async, wait=10")
    assert answer.status_code == 200
    assert answer.json["state"] == "succeeded"
    assert len(answer.json["items"][0]["outputs"]) == 1
    assert answer.headers["Preference-Applied"] == "respond-async, wait=10"
    assert answer.headers["Location"] == answer.json["url"]
    assert len(sleeps) == 2


def test_a_job_that_does_not_end_in_time_is_accepted(client: FlaskClient, sleeps):
    answer = send(client, "wait=2")
    assert answer.status_code == 202
    assert answer.json["state"] == "queued"
    assert answer.headers["Preference-Applied"] == "wait=2"
    assert (answer.headers["Retry-After"], answer.headers["Location"]) == ("1", answer.json["url"])
    assert 1.4 < sum(sleeps) <= 2
    assert max(sleeps) <= 0.5, "it looks twice a second at the least"


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("wait=1000", "wait=30"),
        ("WAIT=1", "wait=1"),
        ('wait="2"', "wait=2"),
        ("wait=1, wait=3", "wait=1"),
        ("respond-async", "respond-async"),
        ("respond-async; foo=bar, wait = 1", "respond-async, wait=1"),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("wait=٣", None),
        ("wait=99999999999999999999", None),
        ("wait", None),
        ("wait=0", None),
        ("return=minimal, ,;=", None),
        ("", None),
    ],
)
def test_what_is_not_understood_is_ignored(client: FlaskClient, sleeps, prefer: str, applied: str | None):
    answer = client.post(
        JOBS, data={"file": (io.BytesIO(photo()), "a.jpg")}, headers=[("Prefer", prefer.encode().decode("latin-1"))]
    )
    assert answer.status_code == 202
    assert answer.headers.get("Preference-Applied") == applied
    assert sum(sleeps) <= preferences.MAX_WAIT_SECONDS


def test_no_connection_is_held_while_it_waits(client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch):
    out: list[int] = []

    def sleep(seconds: float) -> None:
        out.append(sum(engine.pool.checkedout() for engine in db.engines.values()))

    monkeypatch.setattr(preferences.time, "sleep", sleep)
    monkeypatch.setattr(preferences.time, "monotonic", lambda: float(len(out)))
    send(client, "wait=3")
    assert out
    assert set(out) == {0}


def test_half_of_the_threads_wait_at_the_most(client: FlaskClient, app: Flask, sleeps):
    with app.app_context():
        places: BoundedSemaphore = services().waiting
    taken = 0
    while places.acquire(blocking=False):
        taken += 1
    assert taken == 8 // 2
    answer = send(client, "respond-async, wait=5")
    assert (answer.status_code, answer.headers["Preference-Applied"], sleeps) == (202, "respond-async", [])
    places.release()
    assert send(client, "wait=1").headers["Preference-Applied"] == "wait=1"
    assert places.acquire(blocking=False), "a request that has waited gives its place back"


@pytest.fixture
def of_one_thread(make_settings: Callable[..., Settings]) -> Iterator[FlaskClient]:
    app = create_app(make_settings(WEB_THREADS="1"))
    yield app.test_client()
    close_database(app)


def test_a_process_with_one_thread_never_waits(of_one_thread: FlaskClient, sleeps):
    assert "Preference-Applied" not in send(of_one_thread, "wait=30").headers
    assert sleeps == []


def test_a_database_that_fails_while_it_waits_does_not_undo_the_job(client: FlaskClient, monkeypatch):
    def broken(job_id: UUID) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(jobs, "state", broken)
    assert send(client, "wait=5").status_code == 202


def test_a_job_deleted_while_it_is_waited_for_was_accepted(client: FlaskClient, sleeps, monkeypatch):
    monkeypatch.setattr(jobs, "state", lambda _: None)
    assert send(client, "wait=5").status_code == 202


def test_a_repeated_request_waits_again(client: FlaskClient, sleeps, finishing):
    key = {"Idempotency-Key": "once"}
    first = send(client, "wait=1", **key)
    finishing(1)
    again = send(client, "wait=1", **key)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json["id"] == first.json["id"]
    assert send(client, "", **key).data == first.data


def test_waiting_ends_within_the_second_of_the_end(client: FlaskClient, app: Flask):
    """With the real clock: a worker in another thread ends the job."""

    def work() -> None:
        with app.app_context():
            while not (due := rows.due(dt.timedelta(minutes=1))):
                time.sleep(0.01)
            claim = claimed(due[0].id)
            assert succeed(claim, output(claim))

    worker = threading.Thread(target=work)
    worker.start()
    assert send(client, "wait=30").status_code == 200
    worker.join()
