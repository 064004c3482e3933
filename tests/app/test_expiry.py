"""Jobs whose recipe says so are deleted some time after their end, with their results."""

import datetime as dt
from pathlib import Path

import pytest
from flask import Flask

from app import expiry, items, jobs
from app.errors import StorageUnavailable
from app.models import JobState
from app.recipes import parse
from app.storage import Store
from tests import rows
from tests.clock import Clock
from tests.factories import DAMAGED, PATIENCE, claimed, files_below, output, received, submitted, succeed

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def short_lived(store: Store, files: int = 1):
    recipe = parse({
        "schema": 1, "name": "short", "version": 1,
        "outputs": {"small": {"formats": ["jpeg"]}}, "results": {"expire_after": "12h"},
    })  # fmt: skip
    return jobs.submit([received(store) for _ in range(files)], store.has, recipe=recipe)


def test_a_job_expires_so_long_after_its_end_and_not_before(store: Store, tmp_path: Path, monkeypatch):
    clock = Clock(monkeypatch)
    submission = short_lived(store)
    clock.forward(hours=100)
    assert expiry.delete_expired(store, clock.now) == 0, "it has not ended"
    claim = claimed(submission.due[0].id)
    result = received(store, content=b"result")
    assert succeed(claim, output(claim, sha256=result.stored.sha256))
    assert rows.job(submission.job.id).expires_at == rows.job(submission.job.id).finished_at + 12 * HOUR
    clock.forward(hours=11.9)
    assert expiry.delete_expired(store, clock.now) == 0
    clock.forward(hours=0.2)
    assert expiry.delete_expired(store, clock.now) == 1
    assert rows.states() == []
    assert files_below(tmp_path / "media") == []


def test_a_job_of_another_recipe_stays(store: Store, monkeypatch):
    clock = Clock(monkeypatch)
    claim = claimed(submitted(store).due[0].id)
    assert succeed(claim)
    clock.forward(hours=10_000)
    assert expiry.delete_expired(store, clock.now) == 0


def test_a_job_that_is_open_again_does_not_expire(store: Store, monkeypatch):
    clock = Clock(monkeypatch)
    submission = short_lived(store)
    items.fail(claimed(submission.due[0].id), DAMAGED, PATIENCE)
    jobs.retry(submission.job.id)
    clock.forward(hours=24)
    assert expiry.delete_expired(store, clock.now) == 0
    job = rows.job(submission.job.id)
    assert (job.state, job.expires_at) == (JobState.QUEUED, None)


def test_a_job_that_is_opened_again_at_that_very_moment_stays(store: Store, monkeypatch):
    clock = Clock(monkeypatch)
    submissions = [short_lived(store) for _ in range(2)]
    for submission in submissions:
        items.fail(claimed(submission.due[0].id), DAMAGED, PATIENCE)
    clock.forward(hours=13)
    remove = jobs.remove

    def retried_meanwhile(job_id, *where):
        other = next(one.job.id for one in submissions if one.job.id != job_id)
        if rows.job(other).state.final:
            jobs.retry(other)
        return remove(job_id, *where)

    monkeypatch.setattr(jobs, "remove", retried_meanwhile)
    assert expiry.delete_expired(store, clock.now) == 1
    assert rows.states() == ["pending"]


def test_files_that_can_not_be_removed_hold_up_no_other_job(store: Store, monkeypatch):
    clock = Clock(monkeypatch)
    for _ in range(3):
        items.fail(claimed(short_lived(store).due[0].id), DAMAGED, PATIENCE)
    clock.forward(hours=13)

    def read_only(*_: object) -> None:
        raise StorageUnavailable("Read-only file system")

    monkeypatch.setattr(Store, "remove", read_only)
    assert expiry.delete_expired(store, clock.now) == 3
