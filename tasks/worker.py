"""Composition root of the workers: `celery -A tasks.worker worker`. Flower reads the same app."""

import datetime as dt
import logging
import multiprocessing
import os
import signal
import socket
import time
from uuid import UUID

from celery.exceptions import Reject
from celery.signals import setup_logging, worker_process_init, worker_shutting_down
from sqlalchemy.exc import OperationalError

from app.admission import Admission
from app.broker import PROCESS_TASK, make_celery
from app.database import BUSY_TIMEOUT_SECONDS, dispose_after_fork
from app.imaging import fonts, libvips
from app.imaging.limits import Limits
from app.items import Patience
from app.logs import set_up_logging
from app.outgoing import Allowed, Outgoing
from app.settings import load_or_exit
from app.steps import StepCache
from app.storage import Store
from tasks.dead_letters import DeadLetters
from tasks.download import Download
from tasks.heartbeat import heartbeat_step
from tasks.process import Processor, Stopping
from tasks.recovery import take_back_from_dead
from tasks.runtime import database_app

_END_AFTER_SECONDS = BUSY_TIMEOUT_SECONDS + 10
"""How long a worker may take to hand back what it has begun, and to end; the database may let it wait."""

settings = load_or_exit(os.environ)
database = database_app(settings)
patience = Patience(settings.max_attempts, settings.max_retries, dt.timedelta(seconds=settings.retry_for_seconds))
fonts.look_in(settings.font_dir)
libvips.load()  # once, for all children
stop_at = multiprocessing.Value("d", float("inf"), lock=False)
"""Shared by the worker's main process with the processes of its pool, which are forked from it."""

store = Store(settings.media_root)
admission = Admission(store, settings.max_pending_items, settings.min_free_bytes)
processor = Processor(
    store=store,
    steps=StepCache(settings.media_root, settings.step_cache_bytes, store.has) if settings.step_cache_bytes else None,
    limits=Limits(settings.max_pixels, settings.max_frames, max_pages=settings.max_pages),
    download=Download(Outgoing(Allowed(settings.outgoing_allowed)), settings.max_upload_bytes, admission.check_room),
    patience=patience,
    lease=dt.timedelta(seconds=settings.lease_seconds),
    timeout_seconds=settings.item_timeout_seconds,
    stop_at=lambda: stop_at.value,
)
celery = make_celery(settings.broker, item_timeout_seconds=settings.item_timeout_seconds)
celery.conf.worker_concurrency = settings.worker_concurrency
celery.steps["consumer"].update({DeadLetters, heartbeat_step(settings.database_url, settings.heartbeat_file)})


@celery.task(name=PROCESS_TASK)
def process(item_id: str) -> None:
    """Work on one item. The message is only a hint: the row decides whether there is anything to do."""
    try:
        with database.app_context():
            processor.process(UUID(item_id), worker=f"{socket.gethostname()}:{os.getpid()}")
    except (Stopping, OperationalError) as error:
        raise Reject(error, requeue=True) from error


@worker_process_init.connect
def begin_pool_process(**_: object) -> None:
    """Forget the inherited connections; then look for what the process had that this one may replace."""
    with database.app_context():
        dispose_after_fork()
        take_back_from_dead(patience)


@worker_shutting_down.connect
def end_in_time(**_: object) -> None:
    """On SIGTERM: what runs may go on for a while and is then handed back; a worker that hangs after that is killed."""
    if stop_at.value < float("inf"):  # told twice: the first time counts
        return
    stop_at.value = time.monotonic() + settings.shutdown_seconds
    signal.alarm(settings.shutdown_seconds + _END_AFTER_SECONDS)


@setup_logging.connect
def log_as_the_other_processes(**_: object) -> None:
    set_up_logging(settings.log_level)
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)  # a line per received message
