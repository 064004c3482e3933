"""Dispatchers as processes: several at once, and one on a machine where nothing can be written any more."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from flask import Flask
from kombu import Connection

from app import jobs
from app.broker import make_celery, queue_name
from app.models import EventKind, ItemState, Lane
from app.storage import Store
from tests import rows
from tests.conftest import environment
from tests.factories import claimed, received, submitted
from tests.system import System
from tests.tasks.test_recovery import dead
from tests.waiting import wait_until

JOBS, FILES, LOST = 4, 50, 20


def declare_queues(broker_url: str) -> None:
    with Connection(broker_url) as connection, connection.channel() as channel:
        for queue in make_celery(broker_url, item_timeout_seconds=60).conf.task_queues:
            queue(channel).declare()


def messages(broker_url: str) -> Counter[str]:
    """The items that the messages of the interactive lane name; takes them out of the queue."""
    found: Counter[str] = Counter()
    with Connection(broker_url) as connection, connection.channel() as channel:
        while message := channel.basic_get(queue_name(Lane.INTERACTIVE), no_ack=True):
            found[message.headers["id"]] += 1
    return found


def test_three_at_once_publish_and_take_back_everything_and_count_it_once(
    context: Flask, store: Store, broker_url: str, tmp_path: Path
):
    file = received(store)
    items = [due.id for _ in range(JOBS) for due in jobs.submit([file] * FILES, store.has).due]
    for item_id in items[:LOST]:
        claimed(item_id, owner=dead())
    rows.make_due()
    with System(tmp_path, broker_url, processes=[f"dispatcher-{number}" for number in (1, 2, 3)]) as system:
        declare_queues(broker_url)
        wait_until(lambda: set(rows.states()) == {ItemState.QUEUED}, 90, "all items are published")
        for name in list(system.processes):
            assert system.terminate(name) == 0
    for number, item_id in enumerate(items):
        item = rows.item(item_id)
        began = [EventKind.CLAIMED, EventKind.INTERRUPTED] if number < LOST else []
        assert [event.kind for event in item.events] == [*began, EventKind.QUEUED]
        assert (item.strikes, item.publishes) == (number < LOST, 1)
    assert set(messages(broker_url)) == {str(item_id) for item_id in items}


@pytest.mark.parametrize("output", ["> /dev/full 2>&1", ">&- 2>&-"], ids=["full", "closed"])
def test_a_dispatcher_whose_own_log_lines_fail_goes_on(context: Flask, store: Store, tmp_path: Path, output: str):
    """Nor can it write its heartbeat file, and the broker is away: what it can do it does, again and again."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", f'exec "$0" -m tasks.dispatcher {output}', sys.executable],
        env=os.environ | environment(tmp_path, HEARTBEAT_FILE=str(tmp_path / "missing" / "alive")),
    )
    try:
        for number in range(1, 4):
            claimed(submitted(store).due[0].id, owner=dead())
            wait_until(
                lambda number=number: rows.states() == [ItemState.PENDING] * number,
                60, "the lost item is taken back", alive=process,
            )  # fmt: skip
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
