"""Work that comes again and again; of several dispatchers, the one that moves the due time does it."""

import datetime as dt
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult

from app import collection, expiry, idempotency, processes
from app.database import db, transaction, utc_now
from app.models import PeriodicTask
from app.steps import StepCache
from app.storage import Store
from app.webhooks import deliveries

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    name: str
    every: dt.timedelta
    run: Callable[[], None]


def schedule(store: Store, steps: StepCache) -> list[Periodic]:
    return [
        Periodic("prune-steps", dt.timedelta(seconds=30), lambda: _prune(steps)),
        Periodic(collection.TASK, collection.EVERY, lambda: _collect(store)),
        Periodic("expire", expiry.EVERY, lambda: _expire(store)),
        Periodic("forget-dead-processes", dt.timedelta(minutes=10), _forget_dead_processes),
        Periodic("forget-deliveries", dt.timedelta(hours=1), _forget_deliveries),
        Periodic("forget-idempotency-keys", idempotency.EVERY, _forget_idempotency_keys),
    ]


def run_due(tasks: list[Periodic]) -> None:
    """Run what is due and not taken by another dispatcher. A task that fails is run again when it is due again."""
    now = utc_now()
    due = _due(now)
    for task in tasks:
        if task.name in due and _take(task, now):
            try:
                task.run()
            except Exception:
                log.exception("%s failed; it is run again in %s", task.name, task.every)


class PeriodicTasks:
    """Runs them in a thread of its own, so that whoever has to look every second is not kept by a long one."""

    def __init__(self, app: Flask, tasks: list[Periodic]) -> None:
        self._app, self._tasks = app, tasks
        self._thread: threading.Thread | None = None

    def start_due(self) -> None:
        """Start the thread where something is due and none runs."""
        if _due(utc_now()) and not (self._thread and self._thread.is_alive()):
            self._thread = threading.Thread(target=self._run, name="periodic", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            with self._app.app_context():
                run_due(self._tasks)
        except Exception as error:
            log.error("%s: %s", type(error).__name__, error)


def _due(now: dt.datetime) -> set[str]:
    due = set(db.session.scalars(select(PeriodicTask.name).where(PeriodicTask.due_at <= now)))
    db.session.remove()
    return due


def _take(task: Periodic, now: dt.datetime) -> bool:
    with transaction() as session:
        is_due = update(PeriodicTask).where(PeriodicTask.name == task.name, PeriodicTask.due_at <= now)
        result = session.execute(is_due.values(due_at=now + task.every))
        assert isinstance(result, CursorResult)
        return result.rowcount == 1


def _collect(store: Store) -> None:
    collected = collection.collect(store)
    if collected.files or collected.temporary:
        log.info("collected %d files that no row names and %d temporary ones", collected.files, collected.temporary)


def _prune(steps: StepCache) -> None:
    if removed := steps.prune():
        log.debug("removed %d pictures of steps", removed)


def _expire(store: Store) -> None:
    if deleted := expiry.delete_expired(store, utc_now()):
        log.info("deleted %d jobs whose time was over", deleted)


def _forget_dead_processes() -> None:
    with transaction() as session:
        processes.forget_dead(session, utc_now())


def _forget_deliveries() -> None:
    if forgotten := deliveries.forget(utc_now()):
        log.info("deleted %d deliveries of webhooks that were old", forgotten)


def _forget_idempotency_keys() -> None:
    with transaction() as session:
        idempotency.forget_old(session, utc_now())
