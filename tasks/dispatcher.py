"""The dispatcher: publishes what is due, returns what was lost and runs the periodic work.

`python -m tasks.dispatcher`; several may run.
"""

import datetime as dt
import logging
import os
import signal
import threading
import time
from contextlib import ExitStack
from types import FrameType

from app.broker import Sender, make_celery
from app.items import Patience
from app.logs import set_up_logging
from app.models import ProcessKind
from app.processes import BEAT_SECONDS, Presence
from app.settings import Settings, load_or_exit
from app.storage import Store
from tasks.heartbeat import beat, end
from tasks.periodic import PeriodicTasks, schedule
from tasks.recovery import Recovery
from tasks.relay import Relay
from tasks.runtime import database_app

log = logging.getLogger("dispatcher")

ROUND_SECONDS = 1.0


class Dispatcher:
    def __init__(self, relay: Relay, recovery: Recovery, periodic: PeriodicTasks) -> None:
        self._relay, self._recovery, self._periodic = relay, recovery, periodic

    def round(self) -> bool:
        """One look at the rows: whether there may be more to do at once.

        Whatever the database or the broker raises comes through, after everything was tried.
        """
        with ExitStack() as steps:  # each is tried, whatever becomes of the others
            steps.callback(self._periodic.start_due)
            steps.callback(self._recovery.take_back)
            return self._relay.publish_due()


def run(settings: Settings, stop: threading.Event) -> None:
    """Rounds until `stop` is set. A round that fails is logged and tried again; nothing is lost by it."""
    app = database_app(settings)
    celery = make_celery(settings.broker, item_timeout_seconds=settings.item_timeout_seconds)
    patience = Patience(settings.max_attempts, settings.max_retries, dt.timedelta(seconds=settings.retry_for_seconds))
    periodic = PeriodicTasks(app, schedule(Store(settings.media_root)))
    dispatcher = Dispatcher(Relay(Sender(celery)), Recovery(patience), periodic)
    presence = Presence(settings.database_url, ProcessKind.DISPATCHER, f"dispatcher-{os.getpid()}")
    beat_at, more = time.monotonic(), False
    while not stop.wait(0 if more else ROUND_SECONDS):
        works, more = True, False
        try:
            with app.app_context():
                more = dispatcher.round()
        except Exception as error:
            works = False
            log.error("%s: %s", type(error).__name__, error)
        if time.monotonic() >= beat_at:
            beat(presence, settings.heartbeat_file if works else None)
            beat_at = time.monotonic() + BEAT_SECONDS
    end(presence)


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
