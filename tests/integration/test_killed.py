"""Processes that are killed in the middle of a long item: it is taken over at once, by proof of death.

The leases of this file are so long that waiting for the end of one would be the end of the test.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories import photo, some_seconds_of_work
from tests.system import System
from tests.tasks.test_work import is_running
from tests.waiting import wait_until

SECONDS = 90


@pytest.fixture(scope="module")
def system(broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(
        tmp_path_factory.mktemp("system"), broker_url,
        LEASE_SECONDS="3600", MAX_ATTEMPTS="2", SHUTDOWN_SECONDS="1",
    ) as running:  # fmt: skip
        yield running


@pytest.fixture
def long_job(system: System) -> dict[str, Any]:
    return system.submit(("long.webp", some_seconds_of_work()))


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def working(system: System, job: dict[str, Any], attempt: int = 1) -> tuple[int, int]:
    """The pool process that works on the job's first item in this attempt, and the work: a child of its own.

    The work is stopped (SIGSTOP): it can not end by itself any more, and only who kills it ends it.
    """

    def found() -> tuple[int, int] | None:
        item = system.job(job["id"])["items"][0]
        assert item["attempt"] <= attempt
        claims = [line for line in item["timeline"] if line["event"] == "claimed" and line["attempt"] == attempt]
        pool = int(claims[0]["worker"].rpartition(":")[2]) if claims else 0
        return next(((pool, child) for child in children(pool)), None)

    pool, work = wait_until(found, SECONDS, f"attempt {attempt} is worked on")
    os.kill(work, signal.SIGSTOP)
    return pool, work


def told(item: dict[str, Any]) -> list[str]:
    return [line["event"] for line in item["timeline"]]


def only_item(job: dict[str, Any]) -> dict[str, Any]:
    [item] = job["items"]
    return dict(item)


def test_the_item_of_a_killed_pool_process_is_taken_over(system: System, long_job: dict[str, Any]):
    pool, work = working(system, long_job)
    os.kill(pool, signal.SIGKILL)
    wait_until(lambda: not is_running(work), 10, "the work dies with the process that began it")
    item = only_item(system.finished(long_job["id"], SECONDS))
    assert (item["state"], item["attempt"], len(item["outputs"])) == ("succeeded", 2, 7)
    without = [event for event in told(item) if event != "queued"]
    assert without == ["accepted", "claimed", "interrupted", "claimed", "succeeded"]
    assert next(line["code"] for line in item["timeline"] if line["event"] == "interrupted") == "worker-lost"


def test_work_that_is_killed_is_tried_again(system: System, long_job: dict[str, Any]):
    pool, work = working(system, long_job)
    os.kill(work, signal.SIGKILL)
    item = only_item(system.finished(long_job["id"], SECONDS))
    assert (item["state"], item["attempt"]) == ("succeeded", 2)
    assert next(line["code"] for line in item["timeline"] if line["event"] == "interrupted") == "crashed"
    assert is_running(pool), "the process that began it lives on"


def test_the_item_of_a_killed_worker_is_taken_over(system: System, long_job: dict[str, Any]):
    """kill -9 of its main process alone: nothing of it may go on behind the back of the one that comes after."""
    pool, work = working(system, long_job)
    worker = system.processes.pop("worker")
    worker.kill()
    worker.wait()
    wait_until(lambda: not is_running(work) and not is_running(pool), 10, "its children die with it")
    system.start("worker")
    item = only_item(system.finished(long_job["id"], SECONDS))
    assert (item["state"], item["attempt"], len(item["outputs"])) == ("succeeded", 2, 7)


def test_a_file_that_kills_its_work_each_time_stops_itself_and_nothing_else(system: System):
    job = system.submit(("poison.webp", some_seconds_of_work()), *[(f"{n}.jpg", photo(64 + n, 48)) for n in range(5)])
    for attempt in (1, 2):
        _, work = working(system, job, attempt)
        os.kill(work, signal.SIGKILL)
    finished = system.finished(job["id"], SECONDS)
    assert finished["state"] == "partial"
    assert [item["state"] for item in finished["items"]] == ["quarantined"] + ["succeeded"] * 5
    assert [item["attempt"] for item in finished["items"]] == [2] + [1] * 5
    assert "the last of 2 tries" in finished["items"][0]["error"]["message"]
    retried = system.http.post(f"/api/v1/jobs/{job['id']}/retry")
    assert retried.status_code == 202
    assert system.finished(job["id"], SECONDS)["state"] == "succeeded", "a person retried, and nobody killed it"


def test_cancel_stops_the_work_itself(system: System, long_job: dict[str, Any]):
    pool, work = working(system, long_job)
    answer = system.http.post(f"/api/v1/jobs/{long_job['id']}/cancel").raise_for_status().json()
    assert answer["canceled"] == {"waiting": 0, "running": 1, "ended": 0}
    assert answer["job"]["state"] == "canceled"
    wait_until(lambda: not is_running(work), 10, "the work is killed")
    assert is_running(pool)
    assert system.finished(system.submit(("next.jpg", photo()))["id"])["state"] == "succeeded"
    assert only_item(system.job(long_job["id"]))["outputs"] == []


def test_a_worker_that_is_told_to_end_hands_its_item_back(system: System, long_job: dict[str, Any]):
    """As `docker compose up -d` with a new image does it: no strike, and the next worker does it."""
    _, work = working(system, long_job)
    assert system.terminate("worker") == 0
    assert not is_running(work)
    item = only_item(system.job(long_job["id"]))
    assert item["state"] in ("pending", "queued")
    assert "handed-back" in told(item)
    system.start("worker")
    item = only_item(system.finished(long_job["id"], SECONDS))
    assert (item["state"], item["attempt"]) == ("succeeded", 2)
    assert "interrupted" not in told(item)
