"""A worker while the machine or the database is in trouble: nothing is undone, nothing is blamed on the file."""

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DataError, OperationalError

from app import items
from app.database import transaction
from app.errors import StorageFull
from app.models import EventKind, ItemState, Job
from app.storage import Store
from tasks import bench
from tasks.process import Processor
from tests import rows
from tests.factories import submitted

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

LOCKED = OperationalError("UPDATE", {}, Exception("database is locked"))


def failing(times: int, error: Exception, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which fails so many times first."""
    left = times

    def instead(*arguments: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            raise error
        return function(*arguments)

    return instead


def die(*_: Any) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def rendering(monkeypatch: pytest.MonkeyPatch, instead: Callable[..., Any]) -> None:
    """In the child, do this instead of rendering; the fork takes it along."""
    monkeypatch.setattr(bench, "render", instead)


@pytest.mark.parametrize("function", ["claim", "succeed"])
def test_a_database_that_is_busy_for_a_while_undoes_nothing(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch, function: str
):
    """A long backup holds the lock: while the item is claimed, or while its end is recorded."""
    [waiting] = submitted(store).due
    monkeypatch.setattr(items, function, failing(1, LOCKED, getattr(items, function)))
    processor.process(waiting.id, "worker")
    row = rows.only_item()
    assert (row.state, row.attempt, len(row.outputs)) == (ItemState.SUCCEEDED, 1, 7)


def unanswered(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, of which the first call is committed, and its answer lost."""
    answered = False

    def instead(*arguments: Any) -> Any:
        nonlocal answered
        done, before, answered = function(*arguments), answered, True
        if not before:
            raise LOCKED
        return done

    return instead


def test_a_claim_that_was_committed_without_an_answer_holds_up_nothing(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """Nobody else could take the item before its lease ends: its owner lives."""
    monkeypatch.setattr(items, "claim", unanswered(items.claim))
    processor.process(submitted(store).due[0].id, "worker")
    row = rows.only_item()
    assert (row.state, row.attempt, row.strikes) == (ItemState.SUCCEEDED, 2, 0)


@pytest.mark.usefixtures("impatient")
def test_what_a_process_did_not_hear_of_it_gives_back_with_its_next_message(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    first, second = submitted(store).due[0], submitted(store).due[0]
    with monkeypatch.context() as patched:
        patched.setattr(items, "claim", unanswered(items.claim))
        with pytest.raises(OperationalError):
            processor.process(first.id, "worker")
    assert rows.states() == [ItemState.RUNNING, ItemState.PENDING]
    processor.process(second.id, "worker")
    assert rows.states() == [ItemState.PENDING, ItemState.SUCCEEDED]
    assert rows.item(first.id).strikes == 0


def test_an_end_that_was_committed_without_an_answer_is_one(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(items, "succeed", unanswered(items.succeed))
    processor.process(submitted(store).due[0].id, "worker")
    row = rows.only_item()
    assert (row.state, row.attempt, len(row.outputs)) == (ItemState.SUCCEEDED, 1, 7)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("function", "state"), [("claim", ItemState.PENDING), ("succeed", ItemState.RUNNING)])
def test_a_database_that_stays_away_is_told_to_the_broker(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch, function: str, state: ItemState
):
    """The message goes back; an end that was not recorded is found by its lease."""
    [waiting] = submitted(store).due
    monkeypatch.setattr(items, function, failing(99, LOCKED, getattr(items, function)))
    with pytest.raises(OperationalError):
        processor.process(waiting.id, "worker")
    assert (rows.only_item().state, rows.only_item().outputs) == (state, [])


def test_a_database_that_does_not_answer_while_the_work_goes_on_is_no_lost_lease(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(items, "is_held", failing(10**6, LOCKED, items.is_held))
    monkeypatch.setattr("tasks.work.LOOK_SECONDS", 0.001)
    processor.process(submitted(store).due[0].id, "worker")
    assert rows.only_item().state == ItemState.SUCCEEDED


def test_an_end_that_the_database_refuses_is_a_strike_and_no_lost_worker(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(items, "succeed", failing(1, DataError("INSERT", {}, Exception("too long")), items.succeed))
    processor.process(submitted(store).due[0].id, "worker")
    row = rows.only_item()
    assert (row.state, row.error_code, row.strikes) == (ItemState.PENDING, "internal", 1)


def test_a_full_disk_in_the_child_is_called_so_and_tried_again(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: Any) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device", "/media/tmp/work-x/320.jpg")

    rendering(monkeypatch, full)
    processor.process(submitted(store).due[0].id, "worker")
    row = rows.only_item()
    assert (row.state, row.error_code, row.strikes, row.retries) == (ItemState.PENDING, "storage-full", 0, 1)
    assert row.not_before
    assert "/" not in str(row.error)


def test_a_full_disk_while_the_results_are_kept_is_called_so_and_tried_again(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch, unfinished: Callable[[], list[Path]]
):
    monkeypatch.setattr(Store, "adopt", failing(1, StorageFull("Full."), Store.adopt))
    [waiting] = submitted(store).due
    processor.process(waiting.id, "worker")
    assert (rows.only_item().state, rows.only_item().error_code) == (ItemState.PENDING, "storage-full")
    assert unfinished() == []
    rows.change(not_before=None)
    processor.process(waiting.id, "worker")
    assert rows.only_item().state == ItemState.SUCCEEDED


def test_an_original_that_can_not_be_read_is_tried_again_and_tells_no_path(processor: Processor, store: Store):
    [waiting] = submitted(store).due
    store.remove(rows.only_item().asset.sha256)
    processor.process(waiting.id, "worker")
    row = rows.only_item()
    assert (row.state, row.error_code, row.strikes) == (ItemState.PENDING, "storage-unavailable", 0)
    assert "No such file" in str(row.error)
    assert "/" not in str(row.error)


def test_a_file_that_kills_its_process_is_quarantined_and_the_next_one_is_not(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    poison, good = submitted(store).due[0], submitted(store).due[0]
    with monkeypatch.context() as patched:
        rendering(patched, die)
        for _ in range(4):
            processor.process(poison.id, "worker")
            rows.change(not_before=None)
    row = rows.item(poison.id)
    assert (row.state, row.attempt, row.error_code) == (ItemState.QUARANTINED, 3, "crashed")
    assert "was killed" in str(row.error)
    assert [event.kind for event in row.events if event.kind != EventKind.CLAIMED] == [
        "interrupted",
        "interrupted",
        "quarantined",
    ]
    processor.process(good.id, "worker")
    assert rows.item(good.id).state == ItemState.SUCCEEDED


def test_an_error_of_ours_is_a_strike_and_its_text_stays_in_the_log(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    def wrong(*_: Any) -> NoReturn:
        raise RuntimeError("/etc/passwd is none of your business")

    rendering(monkeypatch, wrong)
    processor.process(submitted(store).due[0].id, "worker")
    row = rows.only_item()
    assert (row.state, row.error_code, row.strikes) == (ItemState.PENDING, "internal", 1)
    assert "RuntimeError" in str(row.error)
    assert "passwd" not in str(row.error)


def test_a_recipe_that_is_gone_ends_the_item_at_once(processor: Processor, store: Store):
    [waiting] = submitted(store).due
    with transaction() as session:
        session.execute(update(Job).values(recipe_version=99))
    processor.process(waiting.id, "worker")
    row = rows.only_item()
    assert (row.state, row.error_code, row.attempt) == (ItemState.FAILED, "unknown-recipe", 1)
    assert row.error == "photo.jpg: There is no version 99 of a recipe web-images."
