"""What the dispatcher publishes and when; nothing that is published is ever forgotten."""

import datetime as dt

import pytest
from flask import Flask

from app import dispatch, items, jobs
from app.database import db, utc_now
from app.items import Patience
from app.models import EventKind, ItemState, Lane
from app.storage import Store
from tests import rows
from tests.clock import Clock
from tests.factories import LEASE, PATIENCE, claimed, submitted

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def test_a_new_item_is_left_to_the_webs_publisher_first(store: Store):
    submission = submitted(store)
    assert rows.due() == []
    assert [waiting.id for waiting in rows.due(dispatch.GRACE)] == [submission.due[0].id]


def test_those_that_wait_longest_come_first_and_no_more_than_asked_for(store: Store):
    ids = [submitted(store).due[0].id for _ in range(4)]
    for age, item_id in enumerate(ids):
        rows.change(item_id, dispatch_after=utc_now() - HOUR * age)
    found = dispatch.due(db.session(), Lane.INTERACTIVE, ItemState.PENDING, utc_now(), 3)
    assert [waiting.id for waiting in found] == [ids[3], ids[2], ids[1]]


def test_each_lane_has_its_own(store: Store):
    waiting = {lane: submitted(store, lane=lane).due[0].id for lane in Lane}
    rows.make_due()
    for lane in Lane:
        found = dispatch.due(db.session(), lane, ItemState.PENDING, utc_now(), 1)
        assert [due.id for due in found] == [waiting[lane]]


def test_a_published_item_is_due_again_later_and_later(store: Store):
    """Its message may be lost, and the queue may be long: both are so."""
    submitted(store)
    waits = []
    for _ in range(8):
        [waiting] = rows.due(HOUR * 2)
        now = utc_now()
        dispatch.mark_published([waiting], now)
        waits.append((rows.only_item().dispatch_after - now).total_seconds())
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert rows.only_item().state == ItemState.QUEUED


def test_publishing_again_is_no_news_in_the_timeline(store: Store):
    submission = submitted(store)
    for _ in range(3):
        dispatch.mark_published(rows.due(HOUR), utc_now())
    assert rows.kinds(submission.due[0].id) == [EventKind.QUEUED]


def test_publishing_twice_changes_nothing_for_a_running_item(store: Store):
    [waiting] = submitted(store).due
    claimed(waiting.id)
    dispatch.mark_published([waiting], utc_now())
    assert rows.only_item().state == ItemState.RUNNING


def test_two_dispatchers_that_publish_the_same_count_it_once(store: Store):
    submitted(store)
    [waiting] = rows.due(HOUR)
    now = utc_now()
    dispatch.mark_published([waiting], now)
    first = rows.only_item().dispatch_after
    dispatch.mark_published([waiting], now + HOUR)
    assert (rows.only_item().publishes, rows.only_item().dispatch_after) == (1, first)


def test_a_mark_that_comes_late_does_not_bring_the_next_publishing_forward(store: Store):
    """One dispatcher stood still between its publishing and its mark; others published again and again meanwhile."""
    submitted(store)
    [late] = rows.due(HOUR)
    now = utc_now()
    for _ in range(4):
        dispatch.mark_published(rows.due(HOUR), now)
    before = rows.only_item().dispatch_after
    dispatch.mark_published([late], now)
    assert (rows.only_item().publishes, rows.only_item().dispatch_after) == (4, before)


def test_a_mark_that_comes_late_does_not_undo_a_retry(store: Store):
    """Published, claimed, handed back, and only then marked: the item is due as the last of these says."""
    [waiting] = submitted(store).due
    assert items.hand_back(claimed(waiting.id))
    before = rows.only_item().dispatch_after
    dispatch.mark_published([waiting], utc_now())
    assert (rows.only_item().state, rows.only_item().dispatch_after) == (ItemState.PENDING, before)


def test_a_mark_for_a_job_that_is_canceled_or_gone_is_nothing(store: Store):
    canceled, gone = submitted(store), submitted(store)
    jobs.cancel(canceled.job.id)
    jobs.remove(gone.job.id)
    dispatch.mark_published([*canceled.due, *gone.due], utc_now())
    assert rows.states() == [ItemState.CANCELED]


def test_a_running_item_is_taken_back_when_its_lease_has_ended_and_not_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    clock = Clock(monkeypatch)
    seen = rows.attempt(claimed(submitted(store).due[0].id).item_id)
    clock.forward(seconds=LEASE.total_seconds())
    assert not dispatch.take_back(seen, PATIENCE)
    clock.forward(seconds=0.001)
    assert dispatch.take_back(seen, PATIENCE)


def test_a_lost_item_is_taken_back_once_and_says_whose_it_was(store: Store):
    claim = claimed(submitted(store).due[0].id, worker="host:1", lease=-LEASE)
    seen = rows.attempt(claim.item_id)
    assert [dispatch.take_back(seen, PATIENCE) for _ in range(2)] == [True, False]
    line = rows.events(claim.item_id)[-1]
    assert (line.kind, line.attempt, line.worker, line.code) == (EventKind.INTERRUPTED, 1, "host:1", "worker-lost")
    assert "host:1 was lost" in str(line.detail)
    assert rows.only_item().strikes == 1


def test_what_was_lost_before_is_not_taken_from_its_next_worker(store: Store):
    """Two dispatchers saw the same lost attempt; the item runs again before the second one acts."""
    claim = claimed(submitted(store).due[0].id, lease=-LEASE)
    seen = rows.attempt(claim.item_id)
    assert dispatch.take_back(seen, PATIENCE)
    claimed(claim.item_id, lease=-LEASE)
    assert not dispatch.take_back(seen, Patience(1, 0, LEASE))
    assert rows.only_item().state == ItemState.RUNNING
