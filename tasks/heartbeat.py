"""A sign of life: a file whose age tells whether a process does its work. Reading it costs a health check nothing."""

from pathlib import Path
from typing import Any

from celery import bootsteps

BEAT_SECONDS = 5


def heartbeat_step(path: Path) -> type[bootsteps.StartStopStep]:
    """A step of a Celery worker's consumer that touches `path` while the consumer is connected and its loop turns."""

    class HeartbeatFile(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def __init__(self, consumer: Any, **options: Any) -> None:
            self._timer: Any = None
            super().__init__(consumer, **options)

        def start(self, consumer: Any) -> None:
            self._beat(consumer)
            self._timer = consumer.timer.call_repeatedly(BEAT_SECONDS, self._beat, (consumer,))

        def stop(self, consumer: Any) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            path.unlink(missing_ok=True)

        shutdown = stop

        @staticmethod
        def _beat(consumer: Any) -> None:
            if consumer.connection is not None and consumer.connection.connected:
                path.touch()

    return HeartbeatFile
