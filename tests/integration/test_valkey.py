"""What only the embedded broker does: in Valkey, a queue that is empty does not exist."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from kombu import Connection

from app import dispatch
from app.broker import DEAD_LETTERS, Sender, examine, make_celery, queue_name
from app.database import utc_now
from app.models import ItemState, Lane
from app.settings import PROJECT_ROOT
from app.storage import Store
from tasks.relay import Relay
from tests import rows
from tests.factories import submitted
from tests.waiting import wait_until


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A Valkey of its own, started as `make local` does."""
    socket = tmp_path / "valkey.sock"
    with (tmp_path / "valkey.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, PROJECT_ROOT / "bin" / "valkey", socket, tmp_path / "valkey"],
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
        )
    try:
        wait_until(socket.exists, 30, "Valkey listens", alive=process)
        yield f"redis+socket://{socket}"
    finally:
        process.terminate()
        process.wait()


def test_a_lost_message_and_what_waits_behind_it_are_published(url: str, context: Flask, store: Store):
    lost, new = submitted(store), submitted(store)
    dispatch.mark_published(lost.due, utc_now())
    rows.make_due()
    with closing(Sender(make_celery(url, item_timeout_seconds=60))) as sender:
        assert not sender.has_ready(Lane.INTERACTIVE)
        Relay(sender).publish_due()
        assert sender.has_ready(Lane.INTERACTIVE)
    assert rows.states() == [ItemState.QUEUED] * 2
    assert [rows.item(one.due[0].id).publishes for one in (lost, new)] == [2, 1]


def test_empty_queues_are_well(url: str):
    celery = make_celery(url, item_timeout_seconds=60)
    assert {(state.name, state.messages) for state in examine(celery)} == {
        (name, 0) for name in (*map(queue_name, Lane), DEAD_LETTERS.name)
    }
    with Connection(url) as connection, connection.SimpleQueue(celery.conf.task_queues[0]) as queue:
        queue.put("?")
    assert max(state.messages or 0 for state in examine(celery)) == 1
