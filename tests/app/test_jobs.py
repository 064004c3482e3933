"""Jobs: their state follows from their items; cancel, retry, delete."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from app import items, jobs
from app.database import db, transaction
from app.dispatch import GRACE
from app.errors import FilesCollected, NoFiles, NotFound, NothingToRetry, Retry
from app.ids import new_id
from app.items import Failure, Patience
from app.jobs import Cancellation, Submission
from app.models import Asset, Event, EventKind, Item, ItemState, Job, JobState, Lane, Output
from app.storage import Store
from tests import rows
from tests.factories import DAMAGED, LEASE, PATIENCE, claimed, output, received, submitted, succeed

CRASH = Failure("crashed", "It crashed.", Retry.COUNTED)
ONE_ATTEMPT = Patience(1, 0, LEASE)


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def ended(store: Store, *ends: str) -> Submission:
    """A job with an item per end: succeeded, failed, quarantined, running or waiting."""
    submission = submitted(store, *[f"{number}.jpg" for number in range(len(ends))])
    for waiting, end in zip(submission.due, ends, strict=True):
        if end == "waiting":
            continue
        claim = claimed(waiting.id)
        if end == "succeeded":
            assert succeed(claim, output(claim))
        elif end != "running":
            assert items.fail(claim, DAMAGED if end == "failed" else CRASH, ONE_ATTEMPT)
    return submission


def numbers(job: Job) -> tuple[int, int, int, int]:
    return job.succeeded, job.failed, job.quarantined, job.canceled


def count(table: type) -> int:
    db.session.remove()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_the_ids_of_a_jobs_items_follow_their_positions(store: Store):
    """MySQL locks the items of a job by position, whatever order is asked for; the dispatcher locks them by id."""
    ids = [waiting.id for waiting in submitted(store, *[f"{number}.jpg" for number in range(30)]).due]
    assert ids == sorted(ids)


def test_a_job_needs_a_file(store: Store):
    with pytest.raises(NoFiles):
        jobs.submit([], store.has)
    assert count(Job) == 0


def test_a_job_whose_file_was_collected_is_refused_whole(store: Store):
    good, gone = received(store, "good.jpg"), received(store, "gone.jpg", b"gone")
    store.remove(gone.stored.sha256)
    with pytest.raises(FilesCollected):
        jobs.submit([good, gone], store.has)
    assert count(Job) == count(Item) == count(Asset) == 0


def test_large_jobs_take_the_bulk_lane_unless_they_name_theirs(store: Store):
    file = received(store)
    assert jobs.submit([file] * 50, store.has).job.lane == Lane.INTERACTIVE
    assert jobs.submit([file] * 51, store.has).job.lane == Lane.BULK
    assert jobs.submit([file] * 51, store.has, Lane.INTERACTIVE).job.lane == Lane.INTERACTIVE
    small = jobs.submit([file], store.has, Lane.BULK)
    assert (small.job.lane, small.due[0].lane, rows.due(GRACE)[-1].lane) == (Lane.BULK, Lane.BULK, Lane.BULK)


def test_the_job_runs_with_its_first_item_and_ends_with_its_last(store: Store):
    submission = submitted(store, "a.jpg", "b.jpg")
    assert rows.job(submission.job.id).state == JobState.QUEUED
    first, second = (claimed(waiting.id) for waiting in submission.due)
    assert rows.job(submission.job.id).state == JobState.RUNNING
    assert succeed(first)
    assert rows.job(submission.job.id).state == JobState.RUNNING
    assert items.fail(second, DAMAGED, PATIENCE)
    job = rows.job(submission.job.id)
    assert (job.state, numbers(job)) == (JobState.PARTIAL, (1, 1, 0, 0))
    assert job.finished_at


@pytest.mark.parametrize(
    ("ends", "state"),
    [
        (("succeeded", "succeeded"), JobState.SUCCEEDED),
        (("succeeded", "failed"), JobState.PARTIAL),
        (("succeeded", "quarantined"), JobState.PARTIAL),
        (("failed", "quarantined"), JobState.FAILED),
        (("failed", "running"), JobState.RUNNING),
    ],
)
def test_a_jobs_state_follows_from_its_items(store: Store, ends: tuple[str, ...], state: JobState):
    job = rows.job(ended(store, *ends).job.id)
    assert (job.state, job.finished_at is not None) == (state, state.final)


def test_cancel_stops_what_waits_and_what_runs_and_says_which(store: Store):
    submission = ended(store, "succeeded", "failed", "running", "waiting", "waiting")
    assert jobs.cancel(submission.job.id) == Cancellation(waiting=2, running=1, ended=2)
    job = rows.job(submission.job.id)
    assert (job.state, numbers(job)) == (JobState.CANCELED, (1, 1, 0, 3))
    assert [item.state for item in job.items] == ["succeeded", "failed", "canceled", "canceled", "canceled"]
    assert [len(item.outputs) for item in job.items] == [1, 0, 0, 0, 0], "finished outputs stay"
    assert rows.due(GRACE) == []


def test_canceling_again_or_too_late_changes_nothing(store: Store):
    canceled, done = ended(store, "waiting"), ended(store, "succeeded")
    jobs.cancel(canceled.job.id)
    assert jobs.cancel(canceled.job.id) == Cancellation(waiting=0, running=0, ended=1)
    assert jobs.cancel(done.job.id) == Cancellation(waiting=0, running=0, ended=1)
    assert rows.job(done.job.id).state == JobState.SUCCEEDED


def test_retry_starts_again_what_failed_and_only_that(store: Store):
    submission = ended(store, "succeeded", "failed", "quarantined")
    assert {due.id for due in jobs.retry(submission.job.id)} == {due.id for due in submission.due[1:]}
    job = rows.job(submission.job.id)
    assert (job.state, job.finished_at, numbers(job)) == (JobState.QUEUED, None, (1, 0, 0, 0))
    assert [item.state for item in job.items] == ["succeeded", "pending", "pending"]
    for due in submission.due[1:]:
        assert succeed(claimed(due.id))
    job = rows.job(submission.job.id)
    assert (job.state, numbers(job)) == (JobState.SUCCEEDED, (3, 0, 0, 0))


def test_a_retry_of_a_running_job_lets_the_rest_run(store: Store):
    submission = ended(store, "failed", "running", "waiting")
    jobs.retry(submission.job.id)
    job = rows.job(submission.job.id)
    assert (job.state, numbers(job)) == (JobState.RUNNING, (0, 0, 0, 0))
    assert [item.state for item in job.items] == ["pending", "running", "pending"]


def test_a_retry_keeps_the_version_of_the_recipe(store: Store):
    submission = ended(store, "failed")
    before = (submission.job.recipe, submission.job.recipe_version)
    jobs.retry(submission.job.id)
    claim = claimed(submission.due[0].id)
    assert (claim.recipe, claim.recipe_version) == before


@pytest.mark.parametrize("end", ["succeeded", "running", "waiting"])
def test_what_has_not_failed_can_not_be_retried(store: Store, end: str):
    submission = ended(store, end)
    before = rows.kinds(submission.due[0].id)
    with pytest.raises(NothingToRetry):
        jobs.retry(submission.job.id)
    with pytest.raises(NothingToRetry):
        jobs.retry_item(submission.due[0].id)
    assert rows.kinds(submission.due[0].id) == before


def test_one_item_can_be_retried_also_where_it_was_canceled(store: Store):
    submission = ended(store, "succeeded", "waiting", "waiting")
    jobs.cancel(submission.job.id)
    with pytest.raises(NothingToRetry):
        jobs.retry(submission.job.id)
    assert [due.id for due in jobs.retry_item(submission.due[1].id)] == [submission.due[1].id]
    assert numbers(rows.job(submission.job.id)) == (1, 0, 0, 1)
    assert succeed(claimed(submission.due[1].id))
    assert rows.job(submission.job.id).state == JobState.CANCELED, "a part of it was stopped by a person"


def test_delete_takes_everything_of_the_job_and_nothing_else(store: Store):
    gone, stays = ended(store, "succeeded", "running", "waiting"), ended(store, "succeeded")
    jobs.remove(gone.job.id)
    assert [row.id for row in jobs.newest(10)] == [stays.job.id]
    assert [count(table) for table in (Item, Asset, Output)] == [1, 1, 1]
    assert rows.kinds(stays.due[0].id) == [EventKind.CLAIMED, EventKind.SUCCEEDED]
    assert count(Event) == 2


@pytest.mark.parametrize("action", [jobs.get, jobs.cancel, jobs.retry, jobs.retry_item, jobs.remove, jobs.output])
def test_what_is_not_there_is_not_found(action):
    with pytest.raises(NotFound):
        action(new_id())


def test_a_job_of_thousands_is_canceled_retried_and_deleted_whole(store: Store):
    """More items than a database takes parameters in one statement, on the way back to the publisher too."""
    submission = jobs.submit([received(store)] * 2500, store.has)
    with transaction() as session:
        running = session.scalars(select(Item.id).limit(1)).one()
    claimed(running)
    assert jobs.cancel(submission.job.id) == Cancellation(waiting=2499, running=1, ended=0)
    rows.change(state=ItemState.FAILED)
    with transaction() as session:
        session.get_one(Job, submission.job.id).canceled = 0
        session.get_one(Job, submission.job.id).failed = 2500
    assert len(jobs.retry(submission.job.id)) == 2500
    assert jobs.count_open() == 2500
    jobs.remove(submission.job.id)
    assert count(Item) == count(Asset) == 0
