"""A file that is elsewhere: downloaded as the first part of an attempt, and what goes wrong is the item's failure."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app import items, jobs, totals
from app.database import reading
from app.errors import StorageFull
from app.models import ItemState
from app.outgoing import Allowed, Outgoing
from app.storage import Store
from app.uploads import RemoteFile
from tasks import work
from tasks.download import Download
from tasks.process import Processor
from tests import rows
from tests.factories import PATIENCE, claimed, files_below, photo
from tests.receiver import Receiver, answer, receiver

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def downloading(make_processor: Callable[..., Processor]) -> Callable[..., Processor]:
    def make(allowed: str = "127.0.0.1", max_bytes: int = 1_000_000, **more: Any) -> Processor:
        room = more.pop("room", lambda _: None)
        return make_processor(download=Download(Outgoing(Allowed([allowed])), max_bytes, room), **more)

    return make


def submit(store: Store, url: str) -> UUID:
    return jobs.submit([RemoteFile("photo.jpg", url)], store.has).due[0].id


def failed(there: Receiver, store: Store, processor: Processor) -> tuple[str, str | None, str | None]:
    item = submit(store, there.url)
    processor.process(item, "worker")
    row = rows.item(item)
    assert (row.asset.sha256, row.asset.bytes) == (None, None)
    return row.state, row.error_code, row.error


def test_a_photo_is_downloaded_and_made(downloading, store: Store, there: Receiver):
    there.then(answer(200, photo(100, 50)))
    submit(store, there.url)
    row = rows.only_item()
    assert (row.name, row.asset.sha256) == ("photo.jpg", None)
    downloading().process(row.id, "worker")
    row = rows.only_item()
    assert (row.state, row.asset.width, row.asset.bytes) == (ItemState.SUCCEEDED, 100, len(photo(100, 50)))
    assert store.has(str(row.asset.sha256))
    assert [(request.method, request.path) for request in there.requests] == [("GET", "/hooks")]


def test_what_was_downloaded_is_not_downloaded_again(downloading, store: Store, there: Receiver):
    """Its worker was lost after the download; the next attempt works on what there is."""
    there.then(answer(200, photo()))
    item = submit(store, there.url)
    claim = claimed(item)
    incoming = store.receive()
    incoming.write(photo())
    assert items.downloaded(claim, incoming.keep(), store.has)
    rows.lose(item, PATIENCE)
    downloading().process(item, "worker")
    assert rows.item(item).state == ItemState.SUCCEEDED
    assert there.requests == []


def test_a_download_that_is_recorded_twice_is_counted_once(store: Store, there: Receiver, context: Any):
    """The database kept it the first time, and did not confirm it."""
    claim = claimed(submit(store, there.url))
    incoming = store.receive()
    incoming.write(photo())
    stored = incoming.keep()
    assert [items.downloaded(claim, stored, store.has) for _ in range(2)] == [True, True]
    with reading() as session:
        assert totals.read(session)["input_bytes"] == stored.bytes


def test_who_lost_his_lease_records_no_download(store: Store, there: Receiver, context: Any):
    item = submit(store, there.url)
    late = claimed(item)
    rows.lose(item, PATIENCE)
    claimed(item)
    incoming = store.receive()
    incoming.write(photo())
    assert not items.downloaded(late, incoming.keep(), store.has)
    assert rows.item(item).asset.sha256 is None


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_trouble_that_passes_is_tried_again(downloading, store: Store, there: Receiver, status: int):
    there.then(answer(status), answer(200, photo()))
    state, code, error = failed(there, store, downloading())
    assert (state, code, error) == ("pending", "outgoing-failed", f"photo.jpg: The server answered {status}.")
    rows.change(not_before=None)
    downloading().process(rows.only_item().id, "worker")
    assert rows.states() == [ItemState.SUCCEEDED]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (answer(404), "answered 404"),
        (answer(204), "answered 204"),
        (answer(302, Location="https://elsewhere.example/x"), "points to 'https://elsewhere.example/x'"),
        (answer(200, b"x", Content_Encoding="gzip"), "compressed ('gzip')"),
        (lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: g\x01z\r\n\r\nx"), r"('g\x01z')"),
    ],
)
def test_what_is_no_file_fails_at_once(downloading, store: Store, there: Receiver, given: Any, says: str):
    there.then(given)
    state, code, error = failed(there, store, downloading())
    assert (state, code) == ("failed", "not-downloaded")
    assert says in str(error)


@pytest.mark.parametrize("length", [True, False], ids=["announced", "chunk by chunk"])
def test_a_file_that_is_too_large_leaves_nothing(
    downloading, store: Store, there: Receiver, unfinished: Any, length: bool
):
    body = photo() + b"x" * 100_000
    head = f"Content-Length: {len(body)}" if length else "Connection: close"
    there.then(lambda handler: handler.wfile.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body))
    state, code, _ = failed(there, store, downloading(max_bytes=100_000))
    assert (state, code) == ("failed", "too-many-bytes")
    assert unfinished() == []
    assert files_below(store._objects) == []


def test_a_file_for_which_there_is_no_room_waits(downloading, store: Store, there: Receiver):
    def room(size: int) -> None:
        raise StorageFull(f"no room for {size}")

    there.then(answer(200, photo()))
    state, code, error = failed(there, store, downloading(room=room))
    assert (state, code) == ("pending", "storage-full")
    assert f"no room for {len(photo())}" in str(error)


def test_an_address_that_is_not_allowed_fails_at_once(downloading, store: Store, there: Receiver):
    state, code, _ = failed(there, store, downloading(allowed="10.0.0.1"))
    assert (state, code, there.requests) == ("failed", "outgoing-refused", [])


def test_a_download_that_hangs_ends_with_the_time_of_the_attempt(downloading, store: Store, there: Receiver):
    there.then(lambda _: there.release.wait(60) and None)
    state, code, _ = failed(there, store, downloading(timeout_seconds=1))
    assert (state, code) == ("pending", "timed-out")


def test_all_parts_of_an_attempt_have_one_end_and_name_one_limit(
    downloading, store: Store, there: Receiver, monkeypatch: pytest.MonkeyPatch
):
    run, given = work.run, []

    def remember(act: Any, look: Any, seconds: float, until: float | None = None) -> Any:
        given.append((seconds, until))
        return run(act, look, seconds, until)

    monkeypatch.setattr(work, "run", remember)
    there.then(answer(200, photo()))
    downloading(timeout_seconds=50).process(submit(store, there.url), "worker")
    assert (len(given), given[0], given[0][0]) == (2, given[1], 50)
    assert given[0][1] is not None


def test_a_download_stops_when_its_job_is_canceled(downloading, store: Store, there: Receiver, context: Flask):
    def cancel(_: Any) -> None:
        with context.app_context():
            jobs.cancel(rows.only_item().job_id)
        there.release.wait(60)

    there.then(cancel)
    item = submit(store, there.url)
    downloading().process(item, "worker")
    assert rows.item(item).state == ItemState.CANCELED


def test_a_job_that_is_deleted_takes_its_download_along(downloading, store: Store, there: Receiver):
    first, second = submit(store, there.url), submit(store, there.url)
    there.then(answer(200, photo()))
    downloading().process(first, "worker")
    assert len(jobs.remove(rows.item(first).job_id)) > 1
    assert jobs.remove(rows.item(second).job_id) == []
