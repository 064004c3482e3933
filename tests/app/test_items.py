import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app import items, jobs
from app.database import db, transaction, utc_now
from app.items import Failure
from app.models import Item, ItemState, Job, JobState, Output
from app.storage import Store
from tests.factories import submitted

LEASE = dt.timedelta(seconds=60)
SOURCE = {"media_type": "image/jpeg", "width": 64, "height": 48, "frames": 1}
FAILURE = Failure("damaged-file", "photo.jpg: it is cut off")


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def output(claim: items.Claim) -> Output:
    return Output(
        item_id=claim.item_id, position=0, attempt=claim.attempt, name="320-jpeg", filename="photo-320.jpg",
        sha256="0" * 64, media_type="image/jpeg", bytes=1, width=1, height=1,
    )  # fmt: skip


def claim(item_id) -> items.Claim:
    claimed = items.claim(item_id, "worker", LEASE)
    assert claimed
    return claimed


def item(item_id) -> Item:
    db.session.remove()
    return db.session.get_one(Item, item_id)


def job_of(submission) -> Job:
    db.session.remove()
    return jobs.get(submission.job.id)


def lost() -> list[items.Lost]:
    db.session.remove()
    return items.lost(db.session(), utc_now() + LEASE * 2)


def due() -> list[items.Due]:
    db.session.remove()
    return items.due(db.session(), utc_now() + dt.timedelta(hours=2), 100)


def test_an_item_is_claimed_by_one_worker_only(store: Store):
    [waiting] = submitted(store).due
    assert items.claim(waiting.id, "first", LEASE)
    assert items.claim(waiting.id, "second", LEASE) is None
    assert item(waiting.id).worker == "first"


def test_a_message_for_a_row_that_is_gone_is_nothing_to_do(store: Store):
    submission = submitted(store)
    with transaction() as session:
        session.delete(session.get_one(Job, submission.job.id))
    assert items.claim(submission.due[0].id, "worker", LEASE) is None


def test_the_job_runs_with_its_first_item_and_ends_with_its_last(store: Store):
    submission = submitted(store, "a.jpg", "b.jpg")
    assert job_of(submission).state == JobState.QUEUED
    first, second = (claim(waiting.id) for waiting in submission.due)
    assert job_of(submission).state == JobState.RUNNING
    assert items.succeed(first, SOURCE, [output(first)], {})
    assert job_of(submission).state == JobState.RUNNING
    assert items.fail(second, FAILURE)
    job = job_of(submission)
    assert (job.state, job.succeeded, job.failed) == (JobState.PARTIAL, 1, 1)
    assert job.finished_at


@pytest.mark.parametrize(
    ("good", "bad", "state"), [(2, 0, JobState.SUCCEEDED), (1, 1, JobState.PARTIAL), (0, 2, JobState.FAILED)]
)
def test_a_jobs_state_follows_from_its_items(store: Store, good: int, bad: int, state: JobState):
    submission = submitted(store, *[f"{n}.jpg" for n in range(good + bad)])
    for number, waiting in enumerate(submission.due):
        claimed = claim(waiting.id)
        assert items.succeed(claimed, SOURCE, [], {}) if number < good else items.fail(claimed, FAILURE)
    assert job_of(submission).state == state


def test_a_worker_that_lost_its_lease_can_not_end_the_next_attempt(store: Store):
    [waiting] = submitted(store).due
    old = claim(waiting.id)
    [gone] = lost()
    assert items.recover(gone, utc_now() + LEASE * 2, max_attempts=3)
    new = claim(waiting.id)
    assert not items.succeed(old, SOURCE, [output(old)], {})
    assert not items.fail(old, FAILURE)
    assert not items.renew(old, LEASE)
    assert not items.retry_later(old, FAILURE, 3)
    assert items.succeed(new, SOURCE, [output(new)], {})
    assert [kept.attempt for kept in item(waiting.id).outputs] == [2]


def test_a_renewed_lease_is_not_lost(store: Store):
    [waiting] = submitted(store).due
    claimed = claim(waiting.id)
    [gone] = lost()
    assert items.renew(claimed, LEASE * 10)
    assert not items.recover(gone, utc_now() + LEASE * 2, max_attempts=3)
    assert item(waiting.id).state == ItemState.RUNNING


def test_an_item_that_loses_every_worker_is_quarantined(store: Store):
    submission = submitted(store)
    for attempt in (1, 2, 3):
        assert claim(submission.due[0].id).attempt == attempt
        [gone] = lost()
        assert items.recover(gone, utc_now() + LEASE * 2, max_attempts=3)
    row = item(submission.due[0].id)
    assert row.state == ItemState.QUARANTINED
    assert "attempt 3 of 3" in row.error
    assert job_of(submission).state == JobState.FAILED
    assert due() == []


def test_a_failure_that_may_pass_is_tried_again_up_to_the_limit(store: Store):
    submission = submitted(store)
    [waiting] = submission.due
    for _ in range(2):
        assert items.retry_later(claim(waiting.id), FAILURE, 3)
        assert item(waiting.id).state == ItemState.PENDING
    assert items.retry_later(claim(waiting.id), FAILURE, 3)
    assert item(waiting.id).state == ItemState.FAILED
    assert job_of(submission).state == JobState.FAILED


def test_a_new_item_is_left_to_the_webs_publisher_first(store: Store):
    submission = submitted(store)
    assert items.due(db.session(), utc_now(), 10) == []
    assert [waiting.id for waiting in due()] == [submission.due[0].id]


def test_a_published_item_is_due_again_later_and_later(store: Store):
    submitted(store)
    waits = []
    for _ in range(4):
        [waiting] = due()
        now = utc_now()
        items.mark_published([waiting], now)
        waits.append((item(waiting.id).dispatch_after - now).total_seconds())
    assert waits == [60, 120, 240, 480]
    assert item(waiting.id).state == ItemState.QUEUED


def test_publishing_twice_changes_nothing_for_a_running_item(store: Store):
    [waiting] = submitted(store).due
    claim(waiting.id)
    items.mark_published([waiting], utc_now())
    assert item(waiting.id).state == ItemState.RUNNING


def test_a_mark_that_comes_late_does_not_undo_a_retry(store: Store):
    """Published, claimed, failed for now, and only then marked: the item is due as the retry says."""
    [waiting] = submitted(store).due
    assert items.retry_later(claim(waiting.id), FAILURE, 3)
    retry_at = item(waiting.id).dispatch_after
    items.mark_published([waiting], utc_now())
    assert (item(waiting.id).state, item(waiting.id).dispatch_after) == (ItemState.PENDING, retry_at)


@pytest.mark.parametrize(
    "values", [{"state": "running"}, {"attempt": -1}, {"state": "lost"}, {"job_id": "0" * 32}], ids=str
)
def test_the_database_refuses_an_impossible_item(store: Store, values: dict[str, object]):
    submitted(store)
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE items SET {', '.join(f'{k} = ?' for k in values)}", tuple(values.values()))


def test_the_database_refuses_two_outputs_of_one_name(store: Store):
    [waiting] = submitted(store).due
    claimed = claim(waiting.id)
    with pytest.raises(IntegrityError):
        items.succeed(claimed, SOURCE, [output(claimed), output(claimed)], {})
    assert item(waiting.id).state == ItemState.RUNNING


def test_the_database_refuses_more_ended_items_than_there_are(store: Store):
    submitted(store)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Job).values(succeeded=2))


def test_deleting_a_job_deletes_its_items(store: Store):
    submission = submitted(store, "a.jpg", "b.jpg")
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM jobs")
    assert db.session.scalars(select(Item)).all() == []
    assert submission.due
