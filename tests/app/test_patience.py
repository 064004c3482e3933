"""How often an item is tried again: strikes against the file, and patience with the machine."""

import datetime as dt

import pytest
from flask import Flask

from app import dispatch, items, jobs
from app.database import utc_now
from app.errors import Retry
from app.items import Failure, Patience
from app.models import EventKind, ItemState, JobState
from app.storage import Store
from tests import rows
from tests.clock import Clock
from tests.factories import DAMAGED, LEASE, PATIENCE, claimed, submitted

TROUBLE = Failure("storage-full", "The disk is full.", Retry.PATIENT)
CRASH = Failure("crashed", "It crashed.", Retry.COUNTED)


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def lose(item_id) -> None:
    claimed(item_id)
    assert rows.lose(item_id, PATIENCE)


def crash(item_id) -> None:
    assert items.fail(claimed(item_id), CRASH, PATIENCE)


def trouble(item_id, patience: Patience = PATIENCE) -> None:
    assert items.fail(claimed(item_id), TROUBLE, patience)


def waits(clock: Clock) -> float:
    """For how many seconds the only item backs off."""
    not_before = rows.only_item().not_before
    assert not_before
    assert rows.only_item().dispatch_after == not_before
    return (not_before - clock.now).total_seconds()


def test_a_fault_of_the_file_ends_the_item_at_once(store: Store):
    submission = submitted(store)
    assert items.fail(claimed(submission.due[0].id), DAMAGED, PATIENCE)
    item = rows.only_item()
    assert (item.state, item.error_code, item.error) == (ItemState.FAILED, "damaged-file", DAMAGED.message)
    assert item.job.state == JobState.FAILED


@pytest.mark.parametrize("strike", [lose, crash])
def test_an_item_that_kills_every_attempt_is_quarantined(store: Store, strike):
    submission = submitted(store)
    [waiting] = submission.due
    for attempt in (1, 2, 3):
        assert rows.only_item().state == ItemState.PENDING
        rows.change(not_before=None)
        strike(waiting.id)
        assert (rows.only_item().strikes, rows.only_item().attempt) == (attempt, attempt)
        assert ("try" if attempt < 3 else "last") in str(rows.only_item().error)
    assert rows.only_item().state == ItemState.QUARANTINED
    job = rows.job(submission.job.id)
    assert (job.state, job.quarantined, job.failed) == (JobState.FAILED, 1, 0)
    assert rows.due(dt.timedelta(days=365)) == []


def test_a_second_crash_waits_a_little(store: Store, clock: Clock):
    """What kills workers now may be a machine that is short of memory, and passes."""
    [waiting] = submitted(store).due
    crash(waiting.id)
    assert [due.id for due in rows.due()] == [waiting.id], "the first time it is tried again at once"
    crash(waiting.id)
    assert 7.5 <= waits(clock) <= 15
    assert items.claim(waiting.id, "owner", "worker", LEASE) is None
    clock.forward(seconds=15)
    assert claimed(waiting.id)


def test_what_is_not_the_files_fault_is_no_strike(store: Store):
    """Ten workers that stop and ten full disks, then two crashes: the third crash is the one too many."""
    [waiting] = submitted(store).due
    for _ in range(10):
        assert items.hand_back(claimed(waiting.id))
        trouble(waiting.id)
        rows.change(not_before=None)
    for _ in range(2):
        crash(waiting.id)
        rows.change(not_before=None)
    assert (rows.only_item().state, rows.only_item().attempt, rows.only_item().strikes) == (ItemState.PENDING, 22, 2)
    crash(waiting.id)
    assert rows.only_item().state == ItemState.QUARANTINED


def test_an_item_that_is_handed_back_is_due_at_once(store: Store):
    [waiting] = submitted(store).due
    dispatch.mark_published([waiting], utc_now())
    assert items.hand_back(claimed(waiting.id))
    item = rows.only_item()
    assert (item.state, item.strikes, item.publishes, item.error) == (ItemState.PENDING, 0, 0, None)
    assert [due.id for due in rows.due()] == [waiting.id]


def test_the_waits_grow_are_spread_and_have_a_limit(store: Store, clock: Clock):
    [waiting] = submitted(store).due
    spread = []
    for retry in range(12):
        trouble(waiting.id)
        full = min(5 * 2**retry, 600)
        assert full / 2 <= waits(clock) <= full
        spread.append(waits(clock) / full)
        clock.forward(seconds=waits(clock))
    assert max(spread) - min(spread) > 0.05, "two items must not come back in the same moment"


def test_an_item_that_backs_off_is_neither_due_nor_claimed_before_its_time(store: Store, clock: Clock):
    [waiting] = submitted(store).due
    trouble(waiting.id)
    wait = waits(clock)
    clock.forward(seconds=wait - 0.001)
    assert rows.due() == []
    assert items.claim(waiting.id, "owner", "worker", LEASE) is None
    clock.forward(seconds=0.001)
    assert [due.id for due in rows.due()] == [waiting.id]
    assert claimed(waiting.id).retries == 1


def test_patience_ends_after_so_many_retries(store: Store, clock: Clock):
    patience = Patience(attempts=3, retries=4, retry_for=dt.timedelta(days=365))
    submission = submitted(store)
    for _ in range(4):
        trouble(submission.due[0].id, patience)
        assert rows.only_item().state == ItemState.PENDING
        clock.forward(minutes=10)
    trouble(submission.due[0].id, patience)
    item = rows.only_item()
    assert (item.state, item.error_code, item.job.state) == (ItemState.FAILED, "storage-full", JobState.FAILED)
    assert "It was tried 5 times since" in str(item.error)


def test_patience_ends_at_its_deadline_counted_from_the_first_trouble(store: Store, clock: Clock):
    patience = Patience(attempts=3, retries=100, retry_for=dt.timedelta(minutes=10))
    submission = submitted(store)
    clock.forward(hours=5)
    began, tries = clock.now, 0
    while rows.only_item().state == ItemState.PENDING:
        trouble(submission.due[0].id, patience)
        tries += 1
        if rows.only_item().state == ItemState.PENDING:
            clock.forward(seconds=waits(clock))
            assert clock.now <= began + dt.timedelta(minutes=10), "no retry is planned beyond the deadline"
    assert rows.only_item().state == ItemState.FAILED
    assert 6 <= tries <= 10


def test_a_retry_by_hand_does_not_wait_for_the_trouble_of_before(store: Store):
    """Canceled while it backed off."""
    submission = submitted(store)
    trouble(submission.due[0].id)
    jobs.cancel(submission.job.id)
    jobs.retry_item(submission.due[0].id)
    assert rows.only_item().not_before is None
    assert claimed(submission.due[0].id)


def test_a_retry_by_hand_forgives_everything_but_the_number_of_the_attempt(store: Store, clock: Clock):
    submission = submitted(store)
    trouble(submission.due[0].id)
    clock.forward(minutes=1)
    for _ in range(3):
        crash(submission.due[0].id)
        clock.forward(minutes=1)
    assert rows.only_item().state == ItemState.QUARANTINED
    [again] = jobs.retry(submission.job.id)
    item = rows.only_item()
    assert (item.strikes, item.retries, item.troubled_since, item.not_before) == (0, 0, None, None)
    assert (item.error_code, item.error) == (None, None)
    assert (item.attempt, again.attempt) == (4, 4)
    assert rows.kinds(item.id)[-2:] == [EventKind.QUARANTINED, EventKind.RETRIED]
    assert claimed(item.id).attempt == 5
