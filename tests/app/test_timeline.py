"""The timeline: everything that happened to an item, written in the transaction that did it."""

import pytest
from flask import Flask

from app import dispatch, items, jobs, timeline
from app.database import utc_now
from app.errors import Retry
from app.items import Failure
from app.models import EventKind
from app.storage import Store
from tests import rows
from tests.factories import DAMAGED, LEASE, PATIENCE, claimed, submitted, succeed


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def lines(item_id) -> list[tuple[EventKind, int, str | None, str | None]]:
    return [(event.kind, event.attempt, event.worker, event.code) for event in rows.events(item_id)]


def test_a_life_with_every_kind_of_trouble_is_told_in_order(store: Store):
    submission = submitted(store)
    [waiting] = submission.due
    dispatch.mark_published([waiting], utc_now())
    items.hand_back(claimed(waiting.id, worker="a"))
    items.fail(claimed(waiting.id, worker="b"), Failure("storage-full", "Full.", Retry.PATIENT), PATIENCE)
    rows.change(not_before=None)
    items.fail(claimed(waiting.id, worker="c"), Failure("crashed", "Crashed.", Retry.COUNTED), PATIENCE)
    claimed(waiting.id, worker="d")
    rows.lose(waiting.id, PATIENCE)
    rows.change(not_before=None)
    items.fail(claimed(waiting.id, worker="e"), DAMAGED, PATIENCE)
    jobs.retry(submission.job.id)
    succeed(claimed(waiting.id, worker="f"))
    assert lines(waiting.id) == [
        ("queued", 0, None, None),
        ("claimed", 1, "a", None), ("handed-back", 1, "a", None),
        ("claimed", 2, "b", None), ("retrying", 2, "b", "storage-full"),
        ("claimed", 3, "c", None), ("interrupted", 3, "c", "crashed"),
        ("claimed", 4, "d", None), ("interrupted", 4, "d", "worker-lost"),
        ("claimed", 5, "e", None), ("failed", 5, "e", "damaged-file"),
        ("retried", 5, None, None),
        ("claimed", 6, "f", None), ("succeeded", 6, "f", None),
    ]  # fmt: skip


def test_every_line_says_why(store: Store):
    claim = claimed(submitted(store).due[0].id)
    items.fail(claim, DAMAGED, PATIENCE)
    assert rows.events(claim.item_id)[-1].detail == DAMAGED.message


def test_a_cancellation_names_the_worker_that_it_stopped(store: Store):
    submission = submitted(store, "a.jpg", "b.jpg", "c.jpg")
    claimed(submission.due[0].id, worker="busy")
    items.hand_back(claimed(submission.due[1].id, worker="before"))
    jobs.cancel(submission.job.id)
    ends = [lines(waiting.id)[-1] for waiting in submission.due]
    assert ends == [("canceled", 1, "busy", None), ("canceled", 1, None, None), ("canceled", 0, None, None)]


def test_what_changed_nothing_is_not_told(store: Store):
    submission = submitted(store)
    claim = claimed(submission.due[0].id)
    succeed(claim)
    before = lines(claim.item_id)
    items.fail(claim, DAMAGED, PATIENCE)
    items.hand_back(claim)
    jobs.cancel(submission.job.id)
    items.claim(claim.item_id, "owner", "late", LEASE)
    dispatch.mark_published(submission.due, utc_now())
    assert lines(claim.item_id) == before


def test_times_never_go_back(store: Store):
    claim = claimed(submitted(store).due[0].id)
    succeed(claim)
    moments = [event.at for event in rows.events(claim.item_id)]
    assert moments == sorted(moments)


def test_a_job_shows_the_newest_lines_of_each_item_and_an_item_alone_all(store: Store):
    submission = submitted(store, "a.jpg", "b.jpg", "c.jpg")
    often, once, never = (waiting.id for waiting in submission.due)
    for _ in range(15):
        items.hand_back(claimed(often))
    succeed(claimed(once))
    told = timeline.of_job(submission.job.id)
    assert [event.id for event in told[often].events] == [event.id for event in rows.events(often)][-20:]
    assert told[often].left_out == 10
    assert ([event.kind for event in told[once].events], told[once].left_out) == (["claimed", "succeeded"], 0)
    assert never not in told
    assert len(timeline.of_item(often).events) == 30
