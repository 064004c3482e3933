"""The dispatcher: publishes what is due, returns what was lost, runs the periodic work and sends webhooks.

`python -m tasks.dispatcher`; several may run.
"""

import datetime as dt
import logging
import math
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

from flask import Flask

from app.broker import Sender, make_celery
from app.items import Patience
from app.logs import set_up_logging
from app.models import ProcessKind
from app.outgoing import Allowed, Outgoing
from app.processes import BEAT_SECONDS, Presence
from app.settings import Settings, load_or_exit
from app.steps import StepCache
from app.storage import Store
from tasks.heartbeat import beat, end
from tasks.periodic import PeriodicTasks, schedule
from tasks.recovery import Recovery
from tasks.relay import Relay
from tasks.runtime import database_app
from tasks.webhooks import Courier

log = logging.getLogger("dispatcher")

ROUND_SECONDS = 1.0
_WORKS_FOR_SECONDS = 15


class Loop:
    """One look after the other, in a thread of its own: a broker that blocks keeps nobody from lost items."""

    def __init__(self, app: Flask, name: str, look: Callable[[], bool]) -> None:
        self._app, self._look = app, look
        self._stop = threading.Event()
        self._worked_at = -math.inf
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when the look that goes on is over."""
        self._stop.set()
        self._thread.join()

    @property
    def works(self) -> bool:
        """Whether a look has succeeded since a short while."""
        return time.monotonic() - self._worked_at < _WORKS_FOR_SECONDS

    def _run(self) -> None:
        """A look that fails is logged and tried again; nothing is lost by it."""
        more = True
        while not self._stop.wait(0 if more else ROUND_SECONDS):
            more = False
            try:
                with self._app.app_context():
                    more = self._look()
                self._worked_at = time.monotonic()
            except Exception as error:
                log.error("%s: %s", type(error).__name__, error)


def run(settings: Settings, stop: threading.Event) -> None:
    """Publish what is due, take back what is lost and send webhooks, until `stop` is set."""
    app = database_app(settings)
    celery = make_celery(settings.broker, item_timeout_seconds=settings.item_timeout_seconds)
    patience = Patience(settings.max_attempts, settings.max_retries, dt.timedelta(seconds=settings.retry_for_seconds))
    relay, recovery = Relay(Sender(celery)), Recovery(patience)
    store = Store(settings.media_root)
    steps = StepCache(settings.media_root, settings.step_cache_bytes, store.has)
    periodic = PeriodicTasks(app, schedule(store, steps))
    courier = Courier(app, Outgoing(Allowed(settings.outgoing_allowed)))
    loops = [
        Loop(app, "relay", relay.publish_due),
        Loop(app, "recovery", lambda: look_after(recovery, periodic)),
        Loop(app, "webhooks", courier.look),
    ]
    presence = Presence(settings.database_url, ProcessKind.DISPATCHER, f"dispatcher-{os.getpid()}")
    for loop in loops:
        loop.start()
    beat_at = 0.0
    while not stop.wait(ROUND_SECONDS):
        if time.monotonic() >= beat_at:
            beat(presence, settings.heartbeat_file if all(loop.works for loop in loops) else None)
            beat_at = time.monotonic() + BEAT_SECONDS
    for loop in loops:
        loop.stop()
    courier.stop()
    end(presence)


def look_after(recovery: Recovery, periodic: PeriodicTasks) -> bool:
    """Take back what is lost and begin what is due to come again; each is tried, whatever becomes of the other."""
    try:
        recovery.take_back()
    finally:
        periodic.start_due()
    return False


def main() -> None:
    settings = load_or_exit(os.environ)
    set_up_logging(settings.log_level)
    stop = threading.Event()

    def stop_soon(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, stop_soon)
    signal.signal(signal.SIGINT, stop_soon)
    log.info("running")
    run(settings, stop)


if __name__ == "__main__":
    main()
