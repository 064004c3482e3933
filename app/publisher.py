"""The publisher thread of a web process: it hands committed items to the broker, so that no request waits for it.

It promises nothing. What it can not publish (the broker is away, the thread died, its queue is full) stays due in the
database, and the dispatcher publishes it.
"""

import logging
import threading
from collections import deque

from flask import Flask

from app.broker import Sender
from app.dispatch import Due
from app.models import Lane
from app.outbox import publish

log = logging.getLogger(__name__)

_CAPACITY = 10_000
_BATCH = 50
"""Small, because whoever comes first in the other lane waits for a batch that has begun."""


class Publisher:
    def __init__(self, app: Flask, sender: Sender) -> None:
        self._app, self._sender = app, sender
        self._waiting: dict[Lane, deque[Due]] = {lane: deque() for lane in Lane}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def publish_soon(self, items: list[Due]) -> None:
        """Take the items of a committed job; returns at once, whatever the broker does."""
        with self._changed:
            for position, item in enumerate(items):
                waiting = self._waiting[item.lane]
                if len(waiting) == _CAPACITY:
                    log.warning("publisher: full; %d items are left to the dispatcher", len(items) - position)
                    break
                waiting.append(item)
            try:
                self._ensure_thread()
            except RuntimeError as error:  # no more threads on this machine; the job is accepted all the same
                log.warning("publisher: %s; the dispatcher publishes", error)
            self._changed.notify()

    def _ensure_thread(self) -> None:
        """Start the thread at its first use: a process that forks must not have it yet."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            try:
                with self._app.app_context():
                    publish(self._sender, batch)
            except Exception as error:
                log.warning("publisher: %s: %s; the dispatcher publishes what is left", type(error).__name__, error)

    def _next_batch(self) -> list[Due]:
        """From one lane; the interactive one comes first."""
        with self._changed:
            self._changed.wait_for(lambda: any(self._waiting.values()))
            waiting = next(waiting for waiting in self._waiting.values() if waiting)
            return [waiting.popleft() for _ in range(min(_BATCH, len(waiting)))]
