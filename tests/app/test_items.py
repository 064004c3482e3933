"""Attempts: who holds the lease, and that nobody else can end what it began."""

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError

from app import dispatch, items, jobs
from app.database import utc_now
from app.errors import FilesCollected, Retry
from app.items import Claim, Failure
from app.models import ItemState, JobState
from app.storage import Store
from tests import rows
from tests.factories import DAMAGED, ELSEWHERE, LEASE, PATIENCE, SOURCE, claimed, output, submitted, succeed

TROUBLE = Failure("storage-full", "The disk is full.", Retry.PATIENT)
CRASH = Failure("crashed", "It crashed.", Retry.COUNTED)
ENDS: dict[str, Callable[[Claim], bool]] = {
    "succeed": lambda claim: succeed(claim, output(claim)),
    "fail": lambda claim: items.fail(claim, DAMAGED, PATIENCE),
    "strike": lambda claim: items.fail(claim, CRASH, PATIENCE),
    "back off": lambda claim: items.fail(claim, TROUBLE, PATIENCE),
    "hand back": items.hand_back,
    "renew": lambda claim: items.renew(claim, LEASE),
}


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def test_an_item_is_claimed_by_one_worker_only(store: Store):
    [waiting] = submitted(store).due
    assert items.claim(waiting.id, ELSEWHERE, "first", LEASE)
    assert items.claim(waiting.id, ELSEWHERE, "second", LEASE) is None
    assert rows.item(waiting.id).worker == "first"


def test_a_message_for_a_row_that_is_gone_is_nothing_to_do(store: Store):
    submission = submitted(store)
    jobs.remove(submission.job.id)
    assert items.claim(submission.due[0].id, ELSEWHERE, "worker", LEASE) is None


def test_a_claim_counts_the_attempt_and_knows_how_those_before_went(store: Store):
    [waiting] = submitted(store).due
    first = claimed(waiting.id)
    assert (first.attempt, first.strikes, first.retries, first.troubled_since) == (1, 0, 0, None)
    assert items.fail(first, CRASH, PATIENCE)
    second = claimed(waiting.id)
    assert (second.attempt, second.strikes, second.retries) == (2, 1, 0)
    assert items.fail(second, TROUBLE, PATIENCE)
    rows.change(not_before=None)
    third = claimed(waiting.id)
    assert (third.attempt, third.strikes, third.retries) == (3, 1, 1)
    assert third.troubled_since


def test_a_duplicate_message_that_comes_early_is_refused(store: Store):
    """The item backs off; a message from before, or a second one, must not begin it sooner."""
    [waiting] = submitted(store).due
    assert items.fail(claimed(waiting.id), TROUBLE, PATIENCE)
    assert items.claim(waiting.id, ELSEWHERE, "worker", LEASE) is None
    rows.change(not_before=utc_now() - dt.timedelta(milliseconds=1))
    assert claimed(waiting.id).attempt == 2
    assert rows.item(waiting.id).not_before is None


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
@pytest.mark.parametrize("running_again", [False, True], ids=["waiting", "running again"])
def test_a_worker_that_lost_its_lease_changes_nothing(store: Store, end: Callable[[Claim], bool], running_again: bool):
    [waiting] = submitted(store).due
    old = claimed(waiting.id)
    assert rows.lose(waiting.id, PATIENCE)
    new = claimed(waiting.id, worker="another") if running_again else None
    before = (rows.item(waiting.id).state, rows.item(waiting.id).lease_until, rows.kinds(waiting.id))
    assert not items.is_held(old)
    assert not end(old)
    after = rows.item(waiting.id)
    assert (after.state, after.lease_until, rows.kinds(waiting.id)) == before
    assert rows.item(waiting.id).outputs == []
    if new:
        assert items.is_held(new)
        assert succeed(new, output(new))
        assert [kept.attempt for kept in rows.item(waiting.id).outputs] == [2]


@pytest.mark.parametrize("end", ENDS.values(), ids=list(ENDS))
@pytest.mark.parametrize("stop", [jobs.cancel, jobs.remove], ids=["canceled", "deleted"])
def test_an_attempt_that_was_stopped_can_not_end(store: Store, end: Callable[[Claim], bool], stop: Callable):
    submission = submitted(store)
    claim = claimed(submission.due[0].id)
    stop(submission.job.id)
    assert not items.is_held(claim)
    assert not end(claim)
    if stop is jobs.cancel:
        assert rows.item(claim.item_id).state == ItemState.CANCELED
        assert rows.job(submission.job.id).state == JobState.CANCELED


def test_a_renewed_lease_is_not_lost(store: Store):
    """The dispatcher saw that it had ended; before it acts the worker renews."""
    claim = claimed(submitted(store).due[0].id, lease=-LEASE)
    seen = rows.attempt(claim.item_id)
    assert items.renew(claim, LEASE)
    assert not dispatch.take_back(seen, PATIENCE)
    assert rows.only_item().state == ItemState.RUNNING


def test_a_process_gives_back_what_it_did_not_hear_of(store: Store):
    """The claim was committed and the answer of the database lost: nobody works on the item, and nobody else can."""
    mine, others, done = (claimed(submitted(store).due[0].id, owner=owner) for owner in ("me", ELSEWHERE, "me"))
    assert succeed(done)
    assert items.release("me") == 1
    assert rows.states() == [ItemState.PENDING, ItemState.RUNNING, ItemState.SUCCEEDED]
    assert (rows.item(mine.item_id).strikes, rows.kinds(mine.item_id)[-1]) == (0, "handed-back")
    assert items.is_held(others)
    assert claimed(mine.item_id).attempt == 2


def test_an_item_ends_once(store: Store):
    claim = claimed(submitted(store).due[0].id)
    assert succeed(claim, output(claim))
    assert not succeed(claim, output(claim))
    assert not items.fail(claim, DAMAGED, PATIENCE)
    item = rows.only_item()
    assert (item.state, len(item.outputs), item.job.succeeded) == (ItemState.SUCCEEDED, 1, 1)


def test_a_success_forgets_the_error_of_the_attempt_before(store: Store):
    [waiting] = submitted(store).due
    assert items.fail(claimed(waiting.id), CRASH, PATIENCE)
    assert rows.only_item().error_code == "crashed"
    assert succeed(claimed(waiting.id))
    assert (rows.only_item().error_code, rows.only_item().error) == (None, None)


def test_a_success_whose_file_was_collected_is_none(store: Store):
    claim = claimed(submitted(store).due[0].id)
    with pytest.raises(FilesCollected):
        items.succeed(claim, SOURCE, [output(claim)], {}, store.has)
    item = rows.only_item()
    assert (item.state, item.outputs, item.job.succeeded) == (ItemState.RUNNING, [], 0)


def test_two_outputs_of_one_name_undo_the_end(store: Store):
    claim = claimed(submitted(store).due[0].id)
    with pytest.raises(IntegrityError):
        succeed(claim, output(claim), output(claim))
    assert (rows.only_item().state, rows.only_item().job.succeeded) == (ItemState.RUNNING, 0)
