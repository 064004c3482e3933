"""The dispatcher's two loops: trouble with one thing keeps it from no other."""

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app import dispatch, owners
from app.models import ItemState
from app.settings import Settings
from app.storage import Store
from tasks import dispatcher
from tasks.dispatcher import Loop, look_after
from tasks.periodic import PeriodicTasks
from tasks.recovery import Recovery
from tasks.relay import Relay
from tests import rows
from tests.factories import PATIENCE, claimed, submitted
from tests.tasks.test_recovery import Seconds, dead, raising
from tests.waiting import wait_until


@pytest.fixture
def loop(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], bool]], Loop]]:
    """Starts one that looks again and again without a pause; it is stopped at the end."""
    monkeypatch.setattr(dispatcher, "ROUND_SECONDS", 0)
    started: list[Loop] = []

    def start(look: Callable[[], bool]) -> Loop:
        started.append(Loop(context, "test", look))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.stop()


def look(context: Flask) -> None:
    look_after(Recovery(PATIENCE), PeriodicTasks(context, []))


def test_an_item_whose_worker_is_dead_is_taken_back(store: Store, context: Flask):
    claimed(submitted(store).due[0].id, owner=dead())
    look(context)
    assert rows.states() == [ItemState.PENDING]
    assert rows.only_item().strikes == 1


def test_a_working_item_is_left_alone(store: Store, context: Flask):
    claimed(submitted(store).due[0].id, owner=owners.this_process())
    look(context)
    assert rows.states() == [ItemState.RUNNING]


def test_trouble_with_taking_back_keeps_no_periodic_work_from_beginning(
    context: Flask, monkeypatch: pytest.MonkeyPatch
):
    begun = []
    periodic = PeriodicTasks(context, [])
    monkeypatch.setattr(periodic, "start_due", lambda: begun.append(True))
    monkeypatch.setattr(dispatch, "running", raising(OperationalError("SELECT", {}, Exception("disk I/O error"))))
    with pytest.raises(OperationalError):
        look_after(Recovery(PATIENCE), periodic)
    assert begun


def test_a_look_that_fails_is_followed_by_another(loop):
    looks = []

    def fail() -> bool:
        looks.append(1)
        raise ConnectionResetError

    one = loop(fail)
    wait_until(lambda: len(looks) > 2, 10, "it looks again")
    assert not one.works


def test_a_look_that_blocks_keeps_the_other_loop_from_nothing(loop):
    """The broker takes seconds to say nothing, while lost items are to come back."""
    free, looks = threading.Event(), []
    blocked = loop(lambda: free.wait(60))
    other = loop(lambda: bool(looks.append(1)))
    wait_until(lambda: len(looks) > 2, 10, "the other one looks")
    assert other.works
    assert not blocked.works
    free.set()


def test_a_broker_that_blocks_keeps_no_lost_item_from_coming_back(
    make_settings: Callable[..., Settings], store: Store, context: Flask, monkeypatch: pytest.MonkeyPatch
):
    """In the dispatcher as it runs."""
    blocks, free, stop = threading.Event(), threading.Event(), threading.Event()
    monkeypatch.setattr(Relay, "publish_due", lambda _: blocks.set() or (free.wait(60) and False))
    running = threading.Thread(target=dispatcher.run, args=(make_settings(), stop))
    running.start()
    try:
        assert blocks.wait(30)
        claimed(submitted(store).due[0].id, owner=dead())
        wait_until(lambda: rows.states() == [ItemState.PENDING], 30, "the lost item is taken back")
        assert not free.is_set()
    finally:
        stop.set()
        free.set()
        running.join()


def test_a_loop_works_for_a_while_after_a_look_that_succeeded(loop, monkeypatch: pytest.MonkeyPatch):
    seconds = Seconds(monkeypatch, dispatcher)
    done = threading.Event()

    def succeed_once() -> bool:
        if done.is_set():
            raise ConnectionResetError
        done.set()
        return False

    one = loop(succeed_once)
    wait_until(lambda: one.works, 10, "the first look has succeeded")
    seconds.forward(16)
    assert not one.works


def test_a_full_batch_asks_for_another_look_at_once(context: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dispatcher, "ROUND_SECONDS", 3600)
    answers = [True, True, False]
    one = Loop(context, "test", lambda: answers.pop(0))
    one.start()
    wait_until(lambda: not answers, 10, "three looks without a pause")
    one.stop()
