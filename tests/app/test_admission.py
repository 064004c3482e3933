"""Whether there is room for another job: refused early, with a time after which to try again, and nothing half kept."""

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from app import create_app, database, jobs
from app.database import db
from app.errors import FilesCollected
from app.settings import Settings
from app.storage import Store
from tests.conftest import close_database
from tests.factories import claimed, photo, submitted, succeed

JOBS = "/api/v1/jobs"


@pytest.fixture
def make_client(make_settings: Callable[..., Settings]) -> Iterator[Callable[..., FlaskClient]]:
    made: list[Flask] = []

    def make(**settings: str) -> FlaskClient:
        made.append(create_app(make_settings(**settings)))
        return made[-1].test_client()

    yield make
    for app in made:
        close_database(app)


@pytest.fixture
def nothing_stored(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[None]]:
    """A block in which no file may be begun."""

    @contextmanager
    def block() -> Iterator[None]:
        with monkeypatch.context() as patched:
            patched.delattr(Store, "receive")
            yield

    return block


def send(client: FlaskClient, files: int = 1, path: str = JOBS, **fields: object) -> TestResponse:
    return client.post(path, data={"file": [(io.BytesIO(photo()), "a.jpg") for _ in range(files)], **fields})


def announce(client: FlaskClient, size: int = 1000) -> TestResponse:
    """An upload of which nothing must be stored."""
    body = io.BytesIO(b"--edge\r\nContent-Disposition: form-data; name=file; filename=a.jpg\r\n\r\n" + bytes(size))
    response = client.post(JOBS, input_stream=body, content_type="multipart/form-data; boundary=edge")
    assert not body.read(), "a client that sends all of it before it reads must get the answer"
    return response


def refused(response: TestResponse, status: int, code: str) -> bool:
    return (response.status_code, response.json["code"], "Retry-After" in response.headers) == (status, code, True)


def test_a_full_queue_refuses_a_job_before_a_byte_is_stored(make_client, nothing_stored):
    client = make_client(MAX_PENDING_ITEMS="3")
    assert send(client, files=3).status_code == 202
    with nothing_stored():
        response = announce(client)
    assert refused(response, 503, "too-many-pending")
    assert "MAX_PENDING_ITEMS" in response.json["detail"]
    assert len(client.get(JOBS).json["jobs"]) == 1


def test_a_job_that_would_fill_the_queue_too_much_is_refused_whole(make_client):
    client = make_client(MAX_PENDING_ITEMS="3")
    assert refused(send(client, files=4), 503, "too-many-pending")
    assert client.get(JOBS).json["jobs"] == []
    assert send(client, files=3).status_code == 202


def test_there_is_room_again_when_items_have_ended(make_client, store: Store, app: Flask):
    client = make_client(MAX_PENDING_ITEMS="2")
    with app.app_context():
        first, second = submitted(store, "a.jpg", "b.jpg").due
        assert refused(send(client), 503, "too-many-pending")
        claim = claimed(first.id)
        assert refused(send(client), 503, "too-many-pending")
        assert succeed(claim)
    assert send(client).status_code == 202
    assert refused(send(client), 503, "too-many-pending")
    with app.app_context():
        jobs.cancel(second.job_id)
    assert send(client).status_code == 202


def test_a_disk_without_room_refuses_a_job_before_a_byte_is_stored(make_client, nothing_stored):
    with nothing_stored():
        response = announce(make_client(MIN_FREE_BYTES=str(10**18)))
    assert refused(response, 507, "storage-full")
    assert "MIN_FREE_BYTES" in response.json["detail"]
    assert "/" not in response.json["detail"]


def test_what_an_upload_announces_counts_as_used(make_client, monkeypatch: pytest.MonkeyPatch):
    client = make_client(MIN_FREE_BYTES="500000")
    monkeypatch.setattr(Store, "free_bytes", lambda _: 600_000)
    assert refused(announce(client, 100_000), 507, "storage-full")
    assert send(client).status_code == 202


def test_a_media_store_that_can_not_be_written_is_a_503_and_everything_else_goes_on(make_client, tmp_path: Path):
    (tmp_path / "file").touch()
    client = make_client(MEDIA_ROOT=str(tmp_path / "file" / "media"))
    response = send(client)
    assert refused(response, 503, "storage-unavailable")
    assert str(tmp_path) not in response.text
    assert client.get(JOBS).json["jobs"] == []


def test_the_page_says_the_same_as_the_api(make_client):
    response = send(make_client(MIN_FREE_BYTES=str(10**18)), path="/")
    assert (response.status_code, "Retry-After" in response.headers) == (507, True)
    assert "MIN_FREE_BYTES" in response.text


def test_an_equal_file_that_was_just_collected_is_a_503_and_no_job(client: FlaskClient, monkeypatch):
    monkeypatch.setattr(Store, "has", lambda *_: False)
    assert refused(send(client), 503, FilesCollected.code)
    assert client.get(JOBS).json["jobs"] == []


@pytest.mark.parametrize("lane", ["interactive", "bulk"])
def test_a_job_names_its_lane(client: FlaskClient, lane: str):
    assert send(client, lane=lane).json["lane"] == lane


@pytest.mark.parametrize(
    ("lane", "sentence"),
    [("fast", "interactive or bulk"), (["bulk", "bulk"], "twice"), ("b" * 200_000, "more than 100000 bytes")],
    ids=["unknown", "twice", "too long"],
)
def test_a_lane_that_is_none_is_refused(client: FlaskClient, lane: object, sentence: str):
    response = send(client, lane=lane)
    assert (response.status_code, response.json["code"]) == (400, "invalid-parameter")
    assert sentence in response.json["detail"]
    assert client.get(JOBS).json["jobs"] == []


def test_a_database_without_room_is_a_507_and_no_job(app: Flask, client: FlaskClient):
    """SQLite may take no more pages than it has: it says "database or disk is full", as on a full disk."""
    with app.app_context():
        db.engine.dispose()
        event.listen(db.engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count=50"))
    accepted = 0
    while (response := send(client, files=30)).status_code == 202:
        accepted += 1
    assert refused(response, 507, "storage-full")
    assert len(client.get(JOBS).json["jobs"]) == accepted < 10


def test_a_database_that_is_locked_is_a_503_and_can_still_be_read(
    make_client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_SECONDS", 0.1)
    client = make_client()
    job = send(client).json["id"]
    connection = sqlite3.connect(tmp_path / "darkroom.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        for path in (JOBS, f"{JOBS}/{job}/cancel"):
            assert refused(send(client, path=path), 503, "database-unavailable")
        assert client.get(f"{JOBS}/{job}").json["state"] == "queued"
    finally:
        connection.close()
    assert client.post(f"{JOBS}/{job}/cancel").json["canceled"]["waiting"] == 1
