"""Work that is not wanted any more: it is killed, not awaited, and nothing of it is left."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import items, jobs
from app.models import EventKind, ItemState
from app.storage import Store
from tasks import bench
from tasks.process import Processor, Stopping
from tests import rows
from tests.factories import LEASE, PATIENCE, submitted
from tests.tasks.test_work import is_running
from tests.waiting import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

SECONDS = 15
"""A deadline for what takes half a second on an idle machine."""


class Worker:
    """Processes one item in a thread of this process; the work never ends by itself."""

    def __init__(self, app: Flask, processor: Processor, item_id: Any, pid_file: Path) -> None:
        self._app, self._processor, self._item_id, self._pid_file = app, processor, item_id, pid_file
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        wait_until(lambda: pid_file.exists() and pid_file.read_text(), SECONDS, "the work has begun")
        self.child = int(pid_file.read_text())

    def _run(self) -> None:
        with self._app.app_context():
            try:
                self._processor.process(self._item_id, "worker")
            except BaseException as error:
                self.error = error

    def ended(self) -> bool:
        """Within the deadline, with its child."""
        self._thread.join(SECONDS)
        return not self._thread.is_alive() and not is_running(self.child)

    def kill(self) -> None:
        if is_running(self.child):
            os.kill(self.child, 9)
        self._thread.join(SECONDS)


@pytest.fixture
def start(context: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Worker]]:
    started: list[Worker] = []
    pid_file = tmp_path / "pid"

    def work_for_ever(original: Path, specs: object, scratch: Path, *_: object) -> None:
        (scratch / "half").write_bytes(b"half of a result")
        pid_file.with_suffix(".new").write_text(str(os.getpid()))
        pid_file.with_suffix(".new").rename(pid_file)
        time.sleep(600)

    def begin(processor: Processor, item_id: Any) -> Worker:
        started.append(Worker(context, processor, item_id, pid_file))
        return started[-1]

    monkeypatch.setattr(bench, "render", work_for_ever)
    yield begin
    for worker in started:
        worker.kill()


@pytest.mark.parametrize("stop", [jobs.cancel, jobs.remove], ids=["cancel", "delete"])
def test_a_canceled_item_is_killed_in_the_middle(
    processor: Processor,
    store: Store,
    start: Callable[..., Worker],
    unfinished: Callable[[], list[Path]],
    stop: Callable,
):
    submission = submitted(store)
    worker = start(processor, submission.due[0].id)
    stop(submission.job.id)
    assert worker.ended()
    assert worker.error is None
    assert unfinished() == []
    assert rows.states() == ([ItemState.CANCELED] if stop is jobs.cancel else [])


def test_a_worker_that_was_overtaken_throws_its_work_away(
    processor: Processor, store: Store, start: Callable[..., Worker], unfinished: Callable[[], list[Path]]
):
    """It was stopped past its lease, or cut off; when it goes on, the item is another one's."""
    [waiting] = submitted(store).due
    worker = start(processor, waiting.id)
    assert rows.lose(waiting.id, PATIENCE)
    second = items.claim(waiting.id, "another:1:1:1", "another", LEASE)
    assert second
    assert worker.ended()
    assert items.is_held(second)
    assert unfinished() == []


def test_the_lease_is_renewed_while_the_work_goes_on(
    make_processor: Callable[..., Processor], store: Store, start: Callable[..., Worker]
):
    submission = submitted(store)
    worker = start(make_processor(lease=LEASE / 60), submission.due[0].id)
    first = rows.only_item().lease_until
    wait_until(lambda: rows.only_item().lease_until != first, SECONDS, "the lease is renewed")
    assert rows.only_item().attempt == 1
    jobs.cancel(submission.job.id)
    assert worker.ended()


def test_a_worker_that_must_end_hands_its_item_back(
    make_processor: Callable[..., Processor], store: Store, start: Callable[..., Worker],
    unfinished: Callable[[], list[Path]],
):  # fmt: skip
    """No strike: the next worker begins it at once."""
    [waiting] = submitted(store).due
    stop_at = [float("inf")]
    worker = start(make_processor(stop_at=lambda: stop_at[0]), waiting.id)
    stop_at[0] = time.monotonic()
    assert worker.ended()
    assert worker.error is None
    item = rows.only_item()
    assert (item.state, item.strikes, item.retries) == (ItemState.PENDING, 0, 0)
    assert [event.kind for event in item.events] == [EventKind.CLAIMED, EventKind.HANDED_BACK]
    assert [due.id for due in rows.due()] == [waiting.id]
    assert unfinished() == []


def test_a_worker_that_must_end_soon_begins_nothing(make_processor: Callable[..., Processor], store: Store):
    [waiting] = submitted(store).due
    with pytest.raises(Stopping):
        make_processor(stop_at=lambda: time.monotonic() + 600).process(waiting.id, "worker")
    assert (rows.only_item().state, rows.only_item().attempt) == (ItemState.PENDING, 0)


def test_a_worker_that_must_end_soon_ends_what_it_has_begun(
    make_processor: Callable[..., Processor], store: Store, monkeypatch: pytest.MonkeyPatch
):
    """SIGTERM comes while it works; there is time left."""
    stop_at = [float("inf")]
    claim = items.claim

    def then_the_signal_comes(*arguments: Any) -> Any:
        stop_at[0] = time.monotonic() + 600
        return claim(*arguments)

    monkeypatch.setattr(items, "claim", then_the_signal_comes)
    make_processor(stop_at=lambda: stop_at[0]).process(submitted(store).due[0].id, "worker")
    assert rows.states() == [ItemState.SUCCEEDED]


def test_work_that_takes_too_long_is_a_strike(
    make_processor: Callable[..., Processor], store: Store, start: Callable[..., Worker]
):
    worker = start(make_processor(timeout_seconds=0.5), submitted(store).due[0].id)
    assert worker.ended()
    item = rows.only_item()
    assert (item.state, item.error_code, item.strikes) == (ItemState.PENDING, "timed-out", 1)
    assert "ITEM_TIMEOUT_SECONDS" in str(item.error)


def test_an_output_that_was_collected_before_its_row_came_is_made_again(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """An equal file stood there, and the collector removed it between the rename and the commit."""
    succeed = items.succeed

    def collected_first(claim: items.Claim, asset: dict, outputs: list, *more: Any) -> bool:
        store.remove(outputs[0].sha256)
        return succeed(claim, asset, outputs, *more)

    [waiting] = submitted(store).due
    with monkeypatch.context() as patched:
        patched.setattr(items, "succeed", collected_first)
        processor.process(waiting.id, "worker")
    item = rows.only_item()
    assert (item.state, item.error_code, item.strikes) == (ItemState.PENDING, "files-collected", 0)
    rows.change(not_before=None)
    processor.process(waiting.id, "worker")
    item = rows.only_item()
    assert item.state == ItemState.SUCCEEDED
    assert all(store.has(output.sha256) for output in item.outputs)
