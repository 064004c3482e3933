"""What the broker and the workers do for a message by themselves: no dispatcher runs, so one that is lost stays so.

The leases are so long that none ends here.
"""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from app.broker import make_celery
from tests.factories import photo, some_seconds_of_work
from tests.integration.test_killed import SECONDS, only_item, told, working
from tests.system import System
from tests.tasks.test_work import is_running
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def system(broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(
        tmp_path_factory.mktemp("system"), broker_url, processes=("web", "worker"),
        LEASE_SECONDS="3600", SHUTDOWN_SECONDS="1",
    ) as running:  # fmt: skip
        yield running


def published(system: System, job: dict[str, Any]) -> bool:
    return only_item(system.job(job["id"]))["state"] == "queued"


def taken_by(broker_url: str) -> int | None:
    """The pool process that has a message."""
    answers = make_celery(broker_url, item_timeout_seconds=60).control.inspect(timeout=1).active() or {}
    return next((request["worker_pid"] for active in answers.values() for request in active), None)


@pytest.mark.parametrize("end", ["killed", "told to end"])
def test_a_message_whose_item_could_not_be_claimed_comes_back(system: System, broker_url: str, end: str):
    """The database is locked while a worker has the message; then its pool process is killed, or it has to end."""
    assert system.terminate("worker") == 0
    job = system.submit(("a.jpg", photo()))
    wait_until(lambda: published(system, job), 30, "the message is in the broker")
    with closing(sqlite3.connect(system.folder / "darkroom.db", isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        system.start("worker")
        pool = wait_until(
            lambda: taken_by(broker_url), 60, "a pool process has the message", system.processes["worker"]
        )
        if end == "killed":
            os.kill(pool, signal.SIGKILL)
        else:
            assert system.terminate("worker") == 0, "it ends before its own time limit ends it"
            assert only_item(system.job(job["id"]))["attempt"] == 0
    if end == "told to end":
        system.start("worker")
    system.wait_for("worker")
    item = only_item(system.finished(job["id"], SECONDS))
    assert told(item) == ["accepted", "queued", "claimed", "succeeded"]


def test_a_new_pool_process_takes_back_what_a_killed_one_had(system: System):
    """Across containers nobody else could prove its death."""
    job = system.submit(("long.webp", some_seconds_of_work()))
    pool, _ = working(system, job)
    os.kill(pool, signal.SIGKILL)
    item = wait_until(lambda: taken_back(system, job), SECONDS, "it is taken back")
    assert item["state"] == "pending"


def taken_back(system: System, job: dict[str, Any]) -> dict[str, Any] | None:
    item = only_item(system.job(job["id"]))
    return item if "interrupted" in told(item) else None


def test_a_worker_that_hangs_while_it_ends_is_ended(system: System):
    """Its pool process stands still, and nothing of Celery's would ever give it up."""
    job = system.submit(("long.webp", some_seconds_of_work()))
    pool, work = working(system, job)
    os.kill(pool, signal.SIGSTOP)
    try:
        assert system.terminate("worker") == -signal.SIGALRM
    finally:
        os.kill(pool, signal.SIGKILL)
        system.start("worker")
        system.wait_for("worker")
    wait_until(lambda: not is_running(work), 10, "the work dies with the process that began it")
    assert wait_until(lambda: taken_back(system, job), SECONDS, "the next worker takes the item back")
