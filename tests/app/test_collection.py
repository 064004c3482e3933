"""Collecting files: what no row names goes, what a row names stays, and what is only on its way stays too."""

import datetime as dt
import os
import time
from pathlib import Path

import pytest
from flask import Flask

from app import jobs
from app.collection import OLDER_THAN, Collected, collect, remove_unnamed
from app.database import transaction
from app.errors import FilesCollected
from app.storage import Store
from tests import rows
from tests.factories import claimed, files_below, output, photo, received, submitted, succeed

NOW = dt.timedelta(0)


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


@pytest.fixture
def media(tmp_path: Path) -> Path:
    return tmp_path / "media"


def age(path: Path, by: dt.timedelta = OLDER_THAN) -> None:
    """Make it look untouched for so long."""
    moment = time.time() - by.total_seconds() - 1
    os.utime(path, (moment, moment))


def test_what_no_row_names_is_removed_and_what_a_row_names_is_not(store: Store):
    claim = claimed(submitted(store).due[0].id)
    result, forgotten = received(store, content=b"result"), received(store, content=b"forgotten")
    assert succeed(claim, output(claim, sha256=result.stored.sha256))
    assert collect(store, NOW) == Collected(files=1, temporary=0)
    assert store.has(claim.sha256)
    assert store.has(result.stored.sha256)
    assert not store.has(forgotten.stored.sha256)


def test_a_fresh_file_may_be_about_to_get_its_row(store: Store):
    """An upload that is not committed yet, a result whose attempt has not ended."""
    fresh, old = received(store, content=b"fresh"), received(store, content=b"old")
    age(store.path(old.stored.sha256))
    assert collect(store) == Collected(files=1, temporary=0)
    assert store.has(fresh.stored.sha256)


def test_an_old_file_that_arrives_again_is_fresh(store: Store):
    again = received(store, content=b"again")
    age(store.path(again.stored.sha256))
    assert received(store, content=b"again") == again
    assert collect(store) == Collected(files=0, temporary=0)
    assert store.has(again.stored.sha256)


def test_temporary_files_go_when_nobody_can_be_working_on_them(store: Store, media: Path):
    with store.scratch() as running:
        (running / "half").write_bytes(b"half of a result")
        left = media / "tmp" / "work-of-a-dead-process"
        (left / "folder").mkdir(parents=True)
        (left / "folder" / "file").write_bytes(b"x")
        upload = media / "tmp" / "upload-of-a-dead-process"
        upload.write_bytes(b"x")
        for path in (left, upload):
            age(path)
        assert collect(store) == Collected(files=0, temporary=2)
        assert files_below(media / "tmp") == [f"{running.name}/half"]


def test_a_deleted_jobs_files_go_with_it(store: Store, media: Path):
    claim = claimed(submitted(store).due[0].id)
    result = received(store, content=b"result")
    assert succeed(claim, output(claim, sha256=result.stored.sha256))
    assert remove_unnamed(store, jobs.remove(claim.job_id)) == 2
    assert files_below(media) == []


def test_equal_bytes_of_another_job_stay(store: Store):
    """One as an original, one as a result: each may be the other job's."""
    result = received(store, content=photo(33, 33))
    first, second = (submitted(store) for _ in range(2))
    claim = claimed(first.due[0].id)
    assert succeed(claim, output(claim, sha256=result.stored.sha256))
    third = jobs.submit([result], store.has)
    assert remove_unnamed(store, jobs.remove(first.job.id)) == 0
    assert store.has(claim.sha256)
    assert store.has(result.stored.sha256)
    assert remove_unnamed(store, jobs.remove(second.job.id)) == 1
    assert remove_unnamed(store, jobs.remove(third.job.id)) == 1


def test_a_file_that_gets_its_row_while_the_collector_looks_stays(store: Store, monkeypatch: pytest.MonkeyPatch):
    """The row is committed after the collector has seen that there is none, and before it removes the file."""
    file = received(store)
    begin = transaction

    def after_the_look():
        monkeypatch.setattr("app.collection.transaction", begin)
        jobs.submit([file], store.has)
        return begin()

    monkeypatch.setattr("app.collection.transaction", after_the_look)
    assert collect(store, NOW) == Collected(files=0, temporary=0)
    assert store.has(file.stored.sha256)


def test_a_file_that_is_removed_before_its_row_comes_makes_no_row(store: Store):
    file = received(store)
    assert collect(store, NOW) == Collected(files=1, temporary=0)
    with pytest.raises(FilesCollected):
        jobs.submit([file], store.has)
    assert rows.states() == []


def test_thousands_of_files_are_collected_in_batches(store: Store):
    kept = received(store, content=b"kept")
    jobs.submit([kept], store.has)
    for number in range(450):
        received(store, content=str(number).encode())
    assert collect(store, NOW) == Collected(files=450, temporary=0)
    assert store.has(kept.stored.sha256)
