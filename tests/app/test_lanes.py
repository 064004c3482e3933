"""A paused lane begins nothing; what was dropped meanwhile comes back when it goes on."""

import datetime as dt

import pytest
from flask import Flask

from app import dispatch, items, lanes
from app.database import db, utc_now
from app.errors import Retry
from app.items import Failure
from app.models import ItemState, Lane
from app.storage import Store
from tests import rows
from tests.factories import ELSEWHERE, LEASE, PATIENCE, claimed, submitted, succeed

HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def test_nothing_of_a_paused_lane_is_published_or_claimed(store: Store):
    bulk, other = submitted(store, lane=Lane.BULK).due[0], submitted(store).due[0]
    assert lanes.pause(Lane.BULK)
    assert [due.id for due in rows.due(HOUR)] == [other.id]
    assert items.claim(bulk.id, ELSEWHERE, "worker", LEASE) is None
    assert rows.item(bulk.id).attempt == 0
    assert claimed(other.id)


def test_what_runs_goes_on(store: Store):
    claim = claimed(submitted(store).due[0].id)
    lanes.pause(Lane.INTERACTIVE)
    assert items.is_held(claim)
    assert items.renew(claim, LEASE)
    assert succeed(claim)


def test_what_waits_is_due_at_once_when_the_lane_goes_on(store: Store):
    """Its messages came while the lane was paused and were dropped; nobody must wait for the next publishing."""
    submission = submitted(store, "a.jpg", "b.jpg")
    dispatch.mark_published(submission.due, utc_now())
    lanes.pause(Lane.INTERACTIVE)
    for waiting in submission.due:
        assert items.claim(waiting.id, ELSEWHERE, "worker", LEASE) is None
    assert lanes.resume(Lane.INTERACTIVE)
    assert {due.id for due in rows.due()} == {waiting.id for waiting in submission.due}
    assert all(due.publishes == 0 for due in rows.due()), "an item that was dropped waits as short as a new one"


def test_who_is_interrupted_while_resuming_leaves_the_lane_paused_or_well(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    [waiting] = submitted(store).due
    dispatch.mark_published([waiting], utc_now())
    lanes.pause(Lane.INTERACTIVE)
    interrupt = iter([False, True])
    make_due = lanes.make_due

    def interrupted(lane: Lane) -> None:
        if next(interrupt):
            raise KeyboardInterrupt
        make_due(lane)

    monkeypatch.setattr(lanes, "make_due", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lanes.resume(Lane.INTERACTIVE)
    assert [due.id for due in rows.due()] == [waiting.id]


def test_what_backs_off_still_does_when_the_lane_goes_on(store: Store):
    [waiting] = submitted(store).due
    items.fail(claimed(waiting.id), Failure("storage-full", "Full.", Retry.PATIENT), PATIENCE)
    lanes.pause(Lane.INTERACTIVE)
    lanes.resume(Lane.INTERACTIVE)
    assert rows.due() == []
    assert [due.id for due in rows.due(HOUR)] == [waiting.id]


def test_resuming_one_lane_leaves_the_other_paused(store: Store):
    submitted(store), submitted(store, lane=Lane.BULK)
    lanes.pause(Lane.BULK)
    lanes.pause(Lane.INTERACTIVE)
    lanes.resume(Lane.INTERACTIVE)
    assert [due.lane for due in rows.due(HOUR)] == [Lane.INTERACTIVE]
    db.session.remove()
    assert list(lanes.paused(db.session())) == [Lane.BULK]


def test_twice_is_as_good_as_once():
    assert [lanes.pause(Lane.BULK), lanes.pause(Lane.BULK)] == [True, False]
    assert [lanes.resume(Lane.BULK), lanes.resume(Lane.BULK)] == [True, False]


def test_a_lost_item_of_a_paused_lane_is_taken_back_and_waits(store: Store):
    [waiting] = submitted(store).due
    claimed(waiting.id)
    lanes.pause(Lane.INTERACTIVE)
    assert rows.lose(waiting.id, PATIENCE)
    assert rows.only_item().state == ItemState.PENDING
    assert rows.due(HOUR) == []
