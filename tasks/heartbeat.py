"""A worker's signs of life: a row in the database for people and for doctor, a file for the health check."""

import logging
from pathlib import Path
from typing import Any

from celery import bootsteps
from celery.signals import worker_shutdown
from sqlalchemy.exc import SQLAlchemyError

from app.models import ProcessKind
from app.processes import BEAT_SECONDS, Presence

log = logging.getLogger(__name__)


def heartbeat_step(database_url: str, path: Path | None) -> type[bootsteps.StartStopStep]:
    """A step of a Celery worker's consumer that beats while the consumer is connected and its loop turns."""

    class Heartbeat(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, consumer: Any, **options: Any) -> None:
            self._timer: Any = None
            name = consumer.hostname.partition("@")[0]
            self._presence = Presence(database_url, ProcessKind.WORKER, name, consumer.controller.concurrency)
            worker_shutdown.connect(self._end, weak=False)
            super().__init__(consumer, **options)

        def start(self, consumer: Any) -> None:
            self._beat(consumer)
            self._timer = consumer.timer.call_repeatedly(BEAT_SECONDS, self._beat, (consumer,))

        def stop(self, consumer: Any) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if path:
                path.unlink(missing_ok=True)

        shutdown = stop

        def _end(self, **_: object) -> None:
            end(self._presence)

        def _beat(self, consumer: Any) -> None:
            if consumer.connection is None or not consumer.connection.connected:
                return
            beat(self._presence, path)

    return Heartbeat


def beat(presence: Presence, path: Path | None) -> None:
    """One sign of life. A full disk or a locked database must not end the process that tells of it."""
    for give in (path.touch, presence.beat) if path else (presence.beat,):
        try:
            give()
        except (OSError, SQLAlchemyError) as error:
            log.warning("heartbeat: %s", error)


def end(presence: Presence) -> None:
    """The last sign; where it can not be given, the row goes stale and is cleaned away later."""
    try:
        presence.end()
    except SQLAlchemyError as error:
        log.warning("heartbeat: %s", error)
