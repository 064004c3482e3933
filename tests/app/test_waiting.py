"""Why an item waits: a sentence for each reason there is."""

import datetime as dt

import pytest
from flask import Flask

from app import dispatch, items, jobs, lanes, waiting
from app.database import db, transaction, utc_now
from app.errors import Retry
from app.items import Failure
from app.jobs import Submission
from app.models import Lane, Process, ProcessKind
from app.storage import Store
from tests import rows
from tests.factories import DAMAGED, PATIENCE, claimed, submitted, succeed

MINUTE = dt.timedelta(minutes=1)
NO_WORKER = "No worker gives a sign of life: none runs, or none reaches the message broker. It starts when one does."


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def see(kind: ProcessKind = ProcessKind.WORKER, ago: dt.timedelta = dt.timedelta(0)) -> None:
    """A process has given a sign of life."""
    with transaction() as session:
        moment = utc_now() - ago
        session.add(Process(kind=kind, name="a", concurrency=2, started_at=moment, seen_at=moment))


def reasons(submission: Submission) -> list[str | None]:
    """What each item of the job waits for, in order."""
    db.session.remove()
    job = jobs.get(submission.job.id)
    why = waiting.reasons(job)
    return [why.get(item.id) for item in job.items]


def published(store: Store, *names: str, lane: Lane | None = None) -> Submission:
    submission = submitted(store, *names, lane=lane)
    dispatch.mark_published(submission.due, utc_now())
    return submission


def test_no_worker_is_alive(store: Store):
    submission = published(store)
    assert reasons(submission) == [NO_WORKER]
    see(ProcessKind.DISPATCHER)
    see(ago=MINUTE)
    assert reasons(submission) == [NO_WORKER], "it was, a minute ago"
    see()
    assert reasons(submission) == ["It is next."]


def test_the_lane_is_paused(store: Store):
    see()
    submission, other = published(store), published(store, lane=Lane.BULK)
    lanes.pause(Lane.INTERACTIVE)
    [reason] = reasons(submission)
    assert str(reason).startswith("The lane interactive is paused since 20")
    assert str(reason).endswith("UTC; it goes on when somebody resumes it.")
    assert reasons(other) == ["It is next."]


def test_it_backs_off(store: Store):
    see()
    [first, second] = published(store, "a.jpg", "b.jpg").due
    assert items.fail(claimed(first.id), Failure("storage-full", "Full.", Retry.PATIENT), PATIENCE)
    not_before = rows.item(first.id).not_before
    assert not_before
    submission = Submission(rows.item(first.id).job, [first, second])
    assert reasons(submission) == [f"It is tried again at {not_before:%H:%M:%S} UTC.", "It is next."]


def test_nobody_takes_it_to_the_workers(store: Store):
    see()
    submission = submitted(store)
    assert reasons(submission) == ["It is next."], "the web's thread is about to publish it"
    rows.change(dispatch_after=utc_now() - MINUTE)
    assert reasons(submission) == ["No dispatcher gives a sign of life; it is sent to the workers when one does."]
    see(ProcessKind.DISPATCHER)
    assert reasons(submission) == ["The message broker does not take it yet; it is sent again every second."]


def test_so_many_are_before_it(store: Store):
    see()
    jobs_ = [published(store, "a.jpg", "b.jpg") for _ in range(2)]
    bulk = published(store, lane=Lane.BULK)
    assert reasons(jobs_[0]) == ["It is next.", "One file is before it."]
    assert reasons(jobs_[1]) == ["2 files are before it.", "3 files are before it."]
    assert reasons(bulk) == ["It is next."], "the other lane is another queue"
    claimed(jobs_[0].due[0].id)
    assert reasons(jobs_[0]) == [None, "It is next."]


@pytest.mark.parametrize("end", ["running", "succeeded", "failed", "canceled"])
def test_what_does_not_wait_has_no_reason(store: Store, end: str):
    submission = published(store)
    if end == "canceled":
        jobs.cancel(submission.job.id)
    else:
        claim = claimed(submission.due[0].id)
        if end != "running":
            assert succeed(claim) if end == "succeeded" else items.fail(claim, DAMAGED, PATIENCE)
    assert reasons(submission) == [None]
