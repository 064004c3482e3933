"""Taking items back from lost workers: soon, once, and never from one that only could not reach the database."""

import datetime as dt
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NoReturn

import pytest
from flask import Flask
from sqlalchemy.exc import DataError, OperationalError

from app import dispatch, items, owners
from app.models import ItemState
from app.storage import Store
from tasks import recovery
from tasks.recovery import Recovery, take_back_from_dead
from tests import rows
from tests.factories import LEASE, PATIENCE, claimed, submitted


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


class Seconds:
    """The clock that a module reads with time.monotonic: it stands in for one that no test can turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> None:
        self._now = time.monotonic()
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self._now))

    def forward(self, by: float) -> None:
        self._now += by


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    return Seconds(monkeypatch, recovery)


def dead() -> str:
    """The owner that a process of this machine was which is provably dead."""
    boot, namespace, _, started = owners.this_process().split(":")
    return f"{boot}:{namespace}:4194305:{started}"


def raising(error: Exception) -> Callable[..., NoReturn]:
    def instead(*_: object) -> NoReturn:
        raise error

    return instead


def overdue(store: Store) -> items.Claim:
    return claimed(submitted(store).due[0].id, lease=-LEASE)


def test_from_the_dead_it_takes_at_once(store: Store):
    claimed(submitted(store).due[0].id, owner=dead())
    assert Recovery(PATIENCE).take_back() == 1
    assert rows.states() == [ItemState.PENDING]


def test_a_lease_counts_as_ended_when_it_was_seen_so_for_some_seconds(store: Store, seconds: Seconds):
    overdue(store)
    ours = Recovery(PATIENCE)
    assert ours.take_back() == 0
    seconds.forward(2.9)
    assert ours.take_back() == 0
    seconds.forward(0.1)
    assert ours.take_back() == 1
    assert (rows.only_item().state, rows.only_item().strikes) == (ItemState.PENDING, 1)
    assert ours.take_back() == 0


def test_who_renews_in_these_seconds_keeps_its_item(store: Store, seconds: Seconds):
    """The machine slept, or the database was away; now everybody goes on."""
    claim = overdue(store)
    ours = Recovery(PATIENCE)
    ours.take_back()
    seconds.forward(2)
    assert items.renew(claim, LEASE)
    seconds.forward(2)
    assert ours.take_back() == 0
    rows.change(lease_until=rows.LONG_AGO)
    assert ours.take_back() == 0, "the seconds begin anew"
    assert rows.states() == [ItemState.RUNNING]


def test_looks_that_are_far_apart_say_nothing_of_what_was_between(store: Store, seconds: Seconds):
    """This process stood still; so may the database have, and whoever lives could not renew."""
    overdue(store)
    ours = Recovery(PATIENCE)
    for _ in range(3):
        assert ours.take_back() == 0
        seconds.forward(20)
    for _ in range(4):
        assert rows.states() == [ItemState.RUNNING]
        ours.take_back()
        seconds.forward(1)
    assert rows.states() == [ItemState.PENDING]


def test_the_seconds_are_those_of_one_attempt(store: Store, seconds: Seconds):
    claim = overdue(store)
    ours = Recovery(PATIENCE)
    ours.take_back()
    assert items.hand_back(claim)
    claimed(claim.item_id, lease=-LEASE)
    seconds.forward(4)
    assert ours.take_back() == 0


@pytest.mark.parametrize("trouble", ["away", "busy"])
def test_while_the_database_is_in_trouble_no_lease_counts_as_ended(
    store: Store, seconds: Seconds, monkeypatch: pytest.MonkeyPatch, trouble: str
):
    """Nobody could renew."""
    overdue(store)
    ours = Recovery(PATIENCE)
    ours.take_back()
    seconds.forward(2)
    with monkeypatch.context() as patched:
        if trouble == "away":
            patched.setattr(dispatch, "running", raising(OperationalError("SELECT", {}, Exception("locked"))))
            with pytest.raises(OperationalError):
                ours.take_back()
        else:
            patched.setattr(recovery, "_writable_at_once", lambda: False)
            assert ours.take_back() == 0
    assert ours.take_back() == 0, "the seconds begin anew"
    seconds.forward(2)
    assert ours.take_back() == 0
    seconds.forward(2)
    assert ours.take_back() == 1


def test_a_lock_that_somebody_holds_is_noticed(tmp_path: Path):
    connection = sqlite3.connect(tmp_path / "darkroom.db", isolation_level=None, check_same_thread=False)
    connection.execute("BEGIN IMMEDIATE")
    let_go = threading.Timer(1, connection.close)
    let_go.start()
    try:
        assert not recovery._writable_at_once()
    finally:
        let_go.join()
    assert recovery._writable_at_once()


def test_a_row_that_the_database_refuses_keeps_no_other_from_being_taken_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    first, second = (claimed(submitted(store).due[0].id, owner=dead()) for _ in range(2))
    take_back = dispatch.take_back

    def refuse_one(attempt: dispatch.Attempt, *more: Any) -> bool:
        if attempt.item_id == first.item_id:
            raise DataError("UPDATE", {}, Exception("value too long"))
        return take_back(attempt, *more)

    monkeypatch.setattr(dispatch, "take_back", refuse_one)
    assert Recovery(PATIENCE).take_back() == 1
    assert rows.item(second.item_id).state == ItemState.PENDING


def test_a_pool_process_that_begins_takes_back_from_the_dead_only(store: Store):
    """The one whose place it takes may have died at work; about leases the dispatcher decides."""
    gone, late, living = (submitted(store).due[0].id for _ in range(3))
    claimed(gone, owner=dead())
    claimed(late, lease=-LEASE)
    claimed(living, owner=owners.this_process(), lease=dt.timedelta(seconds=-1))
    take_back_from_dead(PATIENCE)
    assert rows.states() == [ItemState.PENDING, ItemState.RUNNING, ItemState.RUNNING]


def test_a_pool_process_begins_also_where_it_can_not_look(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dispatch, "running", raising(OperationalError("SELECT", {}, Exception("locked"))))
    take_back_from_dead(PATIENCE)
