"""What is collected from the results of all files of a job: after them, once, and again when one of them is."""

import pytest
from flask import Flask

from app import items, jobs, lanes, waiting
from app.dispatch import GRACE
from app.jobs import Submission
from app.models import ItemState, JobState, Lane, ProcessKind
from app.recipes import parse
from app.storage import Store
from tests import rows
from tests.app.test_waiting import see
from tests.factories import DAMAGED, ELSEWHERE, LEASE, PATIENCE, claimed, output, received, succeed

RECIPE = parse({
    "schema": 1, "name": "sheet", "version": 1,
    "outputs": {"small": {"formats": ["jpeg"]}},
    "collect": {"sheet": {"op": "contact_sheet", "from": ["small-jpeg"]}},
})  # fmt: skip


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def submitted(store: Store, files: int = 2) -> Submission:
    return jobs.submit([received(store, f"{number}.jpg") for number in range(files)], store.has, recipe=RECIPE)


def sheet_of(submission: Submission):
    return rows.item(submission.job.items[-1].id)


def test_it_waits_until_all_files_have_ended_and_is_due_then(store: Store):
    submission = submitted(store)
    assert [due.id for due in submission.due] == [item.id for item in submission.job.items[:2]]
    first, second = (claimed(due.id) for due in submission.due)
    sheet = sheet_of(submission)
    assert (sheet.name, sheet.asset, sheet.state) == ("sheet", None, ItemState.PENDING)
    assert succeed(first, output(first, "small-jpeg"))
    assert rows.due(GRACE * 100) == []
    assert items.claim(sheet.id, ELSEWHERE, "worker", LEASE) is None, "a message that comes early does nothing"
    assert items.fail(second, DAMAGED, PATIENCE)
    assert [due.id for due in rows.due()] == [sheet.id]
    claim = claimed(sheet.id)
    assert (claim.sha256, claim.asset_id, claim.name) == (None, None, "sheet")
    assert [row.item.name for row in jobs.collectable(submission.job.id, ["small-jpeg"])] == ["0.jpg"]
    assert rows.job(submission.job.id).state == JobState.RUNNING
    assert succeed(claim, output(claim, "sheet"))
    job = rows.job(submission.job.id)
    assert (job.state, job.total, job.succeeded, job.failed) == (JobState.PARTIAL, 3, 2, 1)


def test_the_results_of_all_pages_come_and_of_no_output_that_is_called_alike(store: Store):
    submission = submitted(store, 1)
    claim = claimed(submission.due[0].id)
    names = ["small-jpeg-p1", "small-jpeg-plain-webp-p1", "small-jpeg-p2", "small-jpeg-px", "small-webp-p1"]
    made = [output(claim, name) for name in names]
    for position, row in enumerate(made):
        row.position = position
    assert succeed(claim, *made)
    found = [row.name for row in jobs.collectable(submission.job.id, ["small-jpeg"])]
    assert found == ["small-jpeg-p1", "small-jpeg-p2"]


def test_the_results_come_in_the_order_of_the_files(store: Store):
    submission = submitted(store, 3)
    for due in reversed(submission.due):
        claim = claimed(due.id)
        assert succeed(claim, output(claim, "small-jpeg"), output(claim, "other"))
    found = jobs.collectable(submission.job.id, ["small-jpeg"])
    assert [(row.item.name, row.name) for row in found] == [(f"{at}.jpg", "small-jpeg") for at in range(3)]


def test_a_file_that_is_tried_again_is_collected_again(store: Store):
    submission = submitted(store)
    good, bad = (claimed(due.id) for due in submission.due)
    assert succeed(good, output(good))
    assert items.fail(bad, DAMAGED, PATIENCE)
    sheet = claimed(sheet_of(submission).id)
    assert succeed(sheet, output(sheet, "sheet"))
    assert [due.id for due in jobs.retry(submission.job.id)] == [bad.item_id]
    again = sheet_of(submission)
    assert (again.state, again.outputs) == (ItemState.PENDING, [])
    assert items.claim(again.id, ELSEWHERE, "worker", LEASE) is None
    job = rows.job(submission.job.id)
    assert (job.state, job.succeeded, job.failed) == (JobState.QUEUED, 1, 0)
    last = claimed(bad.item_id)
    assert succeed(last, output(last))
    sheet = claimed(again.id)
    assert succeed(sheet, output(sheet, "sheet"))
    assert rows.job(submission.job.id).state == JobState.SUCCEEDED
    assert rows.kinds(again.id) == ["claimed", "succeeded", "retried", "claimed", "succeeded"]


@pytest.mark.parametrize("how", ["job", "item"])
def test_only_the_collecting_is_tried_again_where_only_that_failed(store: Store, how: str):
    submission = submitted(store, 1)
    [due] = submission.due
    file = claimed(due.id)
    assert succeed(file, output(file))
    sheet = claimed(sheet_of(submission).id)
    assert items.fail(sheet, DAMAGED, PATIENCE)
    assert rows.job(submission.job.id).state == JobState.PARTIAL
    retried = jobs.retry(submission.job.id) if how == "job" else jobs.retry_item(sheet.item_id)
    assert [due.id for due in retried] == [sheet.item_id]
    assert rows.item(file.item_id).state == ItemState.SUCCEEDED
    assert claimed(sheet.item_id)


def test_a_worker_that_collects_what_is_made_anew_is_overtaken(store: Store):
    """It holds the attempt before; its file is not the one that the new attempt makes."""
    submission = submitted(store)
    good, bad = (claimed(due.id) for due in submission.due)
    assert succeed(good, output(good))
    assert items.fail(bad, DAMAGED, PATIENCE)
    slow = claimed(sheet_of(submission).id)
    jobs.retry_item(bad.item_id)
    assert not succeed(slow, output(slow, "sheet"))
    last = claimed(bad.item_id)
    assert succeed(last, output(last))
    sheet = claimed(slow.item_id)
    assert succeed(sheet, output(sheet, "sheet"))
    assert rows.job(submission.job.id).state == JobState.SUCCEEDED


def test_cancel_and_delete_take_it_along(store: Store):
    submission = submitted(store)
    assert jobs.cancel(submission.job.id).waiting == 3
    assert rows.states() == [ItemState.CANCELED] * 3
    assert rows.job(submission.job.id).state == JobState.CANCELED
    jobs.remove(submission.job.id)
    assert rows.states() == []


def test_a_message_that_came_too_early_delays_nothing(store: Store):
    """It was published, and whoever took the message found it too early; when the files end it is as good as new."""
    submission = submitted(store)
    rows.change(sheet_of(submission).id, state=ItemState.QUEUED, publishes=3, dispatch_after=rows.LONG_AGO)
    for due in submission.due:
        claim = claimed(due.id)
        assert succeed(claim, output(claim))
    sheet = sheet_of(submission)
    assert (sheet.state, sheet.publishes) == (ItemState.PENDING, 0)
    assert [due.id for due in rows.due()] == [sheet.id]


def test_one_that_waits_for_its_turn_waits_again_for_a_file_that_is_tried_again(store: Store):
    submission = submitted(store)
    good, bad = (claimed(due.id) for due in submission.due)
    assert succeed(good, output(good))
    assert items.fail(bad, DAMAGED, PATIENCE)
    assert [due.id for due in rows.due()] == [sheet_of(submission).id]
    jobs.retry(submission.job.id)
    assert [due.id for due in rows.due(GRACE)] == [bad.item_id]


def test_why_it_waits_is_told(store: Store):
    submission = submitted(store)
    see(ProcessKind.WORKER)
    why = waiting.reasons(rows.job(submission.job.id))
    assert why[submission.job.items[-1].id] == "It is made when all files of the job have ended."


def test_a_lane_that_is_resumed_does_not_begin_it_early(store: Store):
    submission = submitted(store)
    lanes.pause(Lane.INTERACTIVE)
    lanes.resume(Lane.INTERACTIVE)
    assert sheet_of(submission).id not in {due.id for due in rows.due(GRACE)}
    assert items.claim(sheet_of(submission).id, ELSEWHERE, "worker", LEASE) is None
