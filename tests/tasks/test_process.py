import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import DataError, OperationalError

from app import items
from app.database import db
from app.errors import StorageFull
from app.models import Item, ItemState
from app.settings import Settings
from app.storage import Store
from tasks import process
from tasks.lease import renewing
from tasks.process import Processor
from tests.factories import files_below, photo, received, submitted
from tests.waiting import wait_until


@pytest.fixture
def processor(context: Flask, store: Store) -> Processor:
    return Processor(app=context, store=store, max_pixels=10_000, max_attempts=3, lease=dt.timedelta(seconds=60))


def only_item() -> Item:
    db.session.remove()
    return db.session.query(Item).one()


def submit(store: Store, content: bytes, name: str = "my photo.jpg") -> items.Due:
    from app import jobs

    return jobs.submit([received(store, name, content)]).due[0]


def test_a_photo_becomes_the_recipes_outputs(processor: Processor, store: Store):
    waiting = submit(store, photo(100, 50))
    processor.process(waiting.id, "worker")
    row = only_item()
    assert row.state == ItemState.SUCCEEDED
    assert [(o.filename, o.media_type, o.width, o.height) for o in row.outputs][:3] == [
        ("my photo-320.jpg", "image/jpeg", 100, 50),
        ("my photo-320.webp", "image/webp", 100, 50),
        ("my photo-800.jpg", "image/jpeg", 100, 50),
    ]
    assert (row.asset.media_type, row.asset.width, row.asset.height) == ("image/jpeg", 100, 50)
    assert row.data is not None
    assert set(row.data) == {"placeholder", "dominant_color"}
    for output in row.outputs:
        assert store.path(output.sha256).stat().st_size == output.bytes


def test_a_second_message_does_nothing(processor: Processor, store: Store):
    waiting = submit(store, photo())
    processor.process(waiting.id, "worker")
    finished_at = only_item().finished_at
    processor.process(waiting.id, "worker")
    assert (only_item().finished_at, only_item().attempt) == (finished_at, 1)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "empty-file", "JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP"),
        (b"%PDF-1.7 hello", "unsupported-file", "JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP"),
        (photo(90, 90)[:400], "damaged-file", "JPEG, PNG, WebP, AVIF, GIF, TIFF or BMP"),
        (photo(101, 100), "too-many-pixels", "MAX_PIXELS"),
    ],
)
def test_a_bad_file_fails_at_once_with_its_name_and_the_reason(
    processor: Processor, store: Store, content: bytes, code: str, words: str
):
    waiting = submit(store, content)
    processor.process(waiting.id, "worker")
    row = only_item()
    assert (row.state, row.error_code, row.outputs) == (ItemState.FAILED, code, [])
    assert row.error is not None
    assert row.error.startswith("my photo.jpg: ")
    assert words in row.error


def test_a_fault_of_the_machine_is_tried_again_and_tells_no_path(processor: Processor, store: Store):
    waiting = submit(store, photo())
    store.path(only_item().asset.sha256).unlink()
    processor.process(waiting.id, "worker")
    row = only_item()
    assert (row.state, row.error_code) == (ItemState.PENDING, "internal")
    assert row.error is not None
    assert "FileNotFoundError" in row.error
    assert "/" not in row.error


def test_work_whose_lease_was_lost_is_discarded(processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch):
    """Another worker takes the item over while this one renders; then this one wants to finish."""
    waiting = submit(store, photo())
    succeed = items.succeed

    def overtaken(*arguments: Any) -> bool:
        [lost] = items.lost(db.session(), dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
        db.session.remove()
        assert items.recover(lost, dt.datetime(2100, 1, 1, tzinfo=dt.UTC), 3)
        return succeed(*arguments)

    monkeypatch.setattr(items, "succeed", overtaken)
    processor.process(waiting.id, "worker")
    assert (only_item().state, only_item().outputs) == (ItemState.PENDING, [])


def test_a_database_that_is_busy_at_the_end_does_not_undo_the_work(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """The first try to record the end meets a lock, as a long backup holds it."""
    waiting = submit(store, photo())
    succeed, tries = items.succeed, 0

    def busy_once(*arguments: Any) -> bool:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return succeed(*arguments)

    monkeypatch.setattr(items, "succeed", busy_once)
    monkeypatch.setattr(process, "_RECORD_AGAIN_SECONDS", (0,))
    processor.process(waiting.id, "worker")
    assert (only_item().state, only_item().attempt, len(only_item().outputs)) == (ItemState.SUCCEEDED, 1, 7)


def test_an_end_that_the_database_refuses_is_a_failure_and_no_lost_worker(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    waiting = submit(store, photo())

    def refused(*_: Any) -> bool:
        raise DataError("INSERT", {}, Exception("value too long"))

    monkeypatch.setattr(items, "succeed", refused)
    processor.process(waiting.id, "worker")
    assert (only_item().state, only_item().error_code) == (ItemState.PENDING, "internal")


def test_a_full_disk_is_called_so_and_tried_again(processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch):
    waiting = submit(store, photo())

    def full(*_: Any) -> None:
        raise StorageFull("The disk of the media store is full.")

    monkeypatch.setattr(Store, "adopt", full)
    processor.process(waiting.id, "worker")
    assert (only_item().state, only_item().error_code) == (ItemState.PENDING, "storage-full")


def test_no_scratch_file_is_left(processor: Processor, store: Store, make_settings: Callable[..., Settings]):
    for content in (photo(), photo(90, 90)[:400]):
        processor.process(submitted(store).due[0].id, "worker")
        processor.process(submit(store, content).id, "worker")
    tmp: Path = make_settings().media_root / "tmp"
    assert files_below(tmp) == []
    assert list(tmp.iterdir()) == []


def test_the_lease_is_renewed_while_the_work_goes_on(context: Flask, store: Store):
    [waiting] = submitted(store).due
    lease = dt.timedelta(seconds=0.3)
    claim = items.claim(waiting.id, "worker", lease)
    assert claim
    first = only_item().lease_until
    with renewing(context, claim, lease):
        wait_until(lambda: only_item().lease_until != first, 10, "the lease is renewed")
    assert "lease" not in [thread.name for thread in threading.enumerate()]
