"""The dispatcher: publishes what is due and returns what was lost. `python -m tasks.dispatcher`; several may run."""

import logging
import os
import signal
import threading
from types import FrameType

from app import items
from app.broker import Sender, make_celery
from app.database import db, utc_now
from app.logs import set_up_logging
from app.outbox import publish
from app.settings import Settings, load_or_exit
from tasks.runtime import database_app

log = logging.getLogger("dispatcher")

ROUND_SECONDS = 1.0
BATCH = 500


class Dispatcher:
    def __init__(self, sender: Sender, max_attempts: int) -> None:
        self._sender, self._max_attempts = sender, max_attempts

    def round(self) -> None:
        """One look at the rows; whatever the database or the broker raises comes through."""
        now = utc_now()
        lost = items.lost(db.session(), now)
        due = items.due(db.session(), now, BATCH)
        db.session.remove()
        taken_back = sum(items.recover(attempt, now, self._max_attempts) for attempt in lost)
        if taken_back:
            log.warning("took %d items back from lost workers", taken_back)
        if due:
            log.info("published %d of %d due items", publish(self._sender, due), len(due))


def run(settings: Settings, stop: threading.Event) -> None:
    """Rounds until `stop` is set. A round that fails is logged and tried again; nothing is lost by it."""
    app = database_app(settings)
    celery = make_celery(settings.broker, time_limit_seconds=settings.item_timeout_seconds)
    dispatcher = Dispatcher(Sender(celery), settings.max_attempts)
    while not stop.wait(ROUND_SECONDS):
        try:
            with app.app_context():
                dispatcher.round()
        except Exception as error:
            log.error("%s: %s", type(error).__name__, error)
        else:
            if settings.heartbeat_file:
                settings.heartbeat_file.touch()


def main() -> None:
    settings = load_or_exit(os.environ)
    set_up_logging(settings.log_level)
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    log.info("running")
    run(settings, stop)


if __name__ == "__main__":
    main()
