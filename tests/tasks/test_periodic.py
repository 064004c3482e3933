"""Work that comes again: done by one dispatcher of several, and never in the way of the rest."""

import datetime as dt
import os
import threading
import time

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app import processes
from app.database import db, transaction, utc_now
from app.models import PeriodicTask, Process, ProcessKind
from app.steps import StepCache
from app.storage import Store
from tasks import periodic
from tasks.periodic import Periodic, PeriodicTasks, run_due, schedule
from tests.clock import Clock
from tests.factories import received
from tests.waiting import wait_until

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def clock(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(monkeypatch)
    with transaction() as session:
        session.execute(update(PeriodicTask).values(due_at=clock.now))
    return clock


def counting(name: str = "collect") -> tuple[Periodic, list[int]]:
    ran: list[int] = []
    return Periodic(name, HOUR, lambda: ran.append(1)), ran


def failing(name: str) -> Periodic:
    def fail() -> None:
        raise OSError("the disk is on fire")

    return Periodic(name, HOUR, fail)


def test_a_task_runs_when_it_is_due_and_not_before_it_is_again(clock: Clock):
    task, ran = counting()
    run_due([task])
    run_due([task])
    assert len(ran) == 1
    clock.forward(minutes=59)
    run_due([task])
    assert len(ran) == 1
    clock.forward(minutes=1)
    run_due([task])
    assert len(ran) == 2


def test_what_was_missed_for_days_runs_once(clock: Clock):
    task, ran = counting()
    clock.forward(days=3)
    for _ in range(3):
        run_due([task])
    assert len(ran) == 1


def test_of_several_dispatchers_one_does_it(clock: Clock, context: Flask):
    """All of them see at the same moment that it is due."""
    task, ran = counting()
    for _ in range(5):
        barrier = threading.Barrier(4)

        def dispatcher(barrier: threading.Barrier = barrier) -> None:
            with context.app_context():
                barrier.wait()
                run_due([task])

        threads = [threading.Thread(target=dispatcher) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        clock.forward(hours=1)
    assert len(ran) == 5


def test_a_task_that_fails_does_not_hold_up_the_next_one(clock: Clock):
    task, ran = counting("forget-dead-processes")
    run_due([failing("collect"), task])
    assert len(ran) == 1


def test_a_task_that_fails_is_tried_again_when_it_is_due_again_and_not_every_second(clock: Clock):
    calls: list[int] = []

    def fail() -> None:
        calls.append(1)
        raise OSError("the disk is on fire")

    task = Periodic("collect", HOUR, fail)
    for _ in range(3):
        run_due([task])
    clock.forward(hours=1)
    run_due([task])
    assert len(calls) == 2


def test_every_task_of_the_schedule_has_its_row(context: Flask, store: Store, steps: StepCache):
    """The migrations make the rows: a task without one would never run."""
    with transaction() as session:
        names = set(session.scalars(select(PeriodicTask.name)))
    assert {task.name for task in schedule(store, steps)} == names


def test_the_schedule_collects_files_and_forgets_the_dead(clock: Clock, store: Store, steps: StepCache):
    file = store.path(received(store).stored.sha256)
    old = time.time() - 90_000
    os.utime(file, (old, old))
    with transaction() as session:
        for age in (dt.timedelta(0), 2 * HOUR):
            seen = clock.now - age
            session.add(Process(kind=ProcessKind.WORKER, name="a", concurrency=1, started_at=seen, seen_at=seen))
    run_due(schedule(store, steps))
    assert not file.exists()
    db.session.remove()
    assert len(processes.alive(db.session(), ProcessKind.WORKER, utc_now() - 10 * HOUR)) == 1


def test_a_long_task_keeps_nobody_from_looking_every_second(clock: Clock, context: Flask):
    """And is not begun again beside itself."""
    began, go_on, ran = threading.Event(), threading.Event(), []

    def take_long() -> None:
        ran.append(1)
        began.set()
        assert go_on.wait(30)

    tasks = PeriodicTasks(context, [Periodic("collect", HOUR, take_long)])
    try:
        tasks.start_due()
        assert began.wait(30)
        clock.forward(hours=2)
        tasks.start_due()
        assert len(ran) == 1
    finally:
        go_on.set()
    thread = tasks._thread
    assert thread
    thread.join(30)
    assert not thread.is_alive()
    tasks.start_due()
    wait_until(lambda: len(ran) == 2, 30, "it is begun again once it has ended")


def test_tasks_that_can_not_even_be_looked_for_end_nothing(
    clock: Clock, context: Flask, monkeypatch: pytest.MonkeyPatch
):
    def away(*_: object) -> None:
        raise OperationalError("UPDATE", {}, Exception("database is locked"))

    monkeypatch.setattr(periodic, "_take", away)
    tasks = PeriodicTasks(context, [failing("collect")])
    tasks.start_due()
    assert tasks._thread
    tasks._thread.join(30)
    assert not tasks._thread.is_alive()


def test_a_fresh_installation_has_its_tasks_due(context: Flask):
    with transaction() as session:
        assert all(due_at <= utc_now() for due_at in session.scalars(select(PeriodicTask.due_at)))
