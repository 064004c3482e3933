"""Composition root of the workers: `celery -A tasks.worker worker`. Flower reads the same app."""

import datetime as dt
import logging
import os
import socket
from uuid import UUID

from celery.signals import setup_logging, worker_process_init

from app.broker import PROCESS_TASK, make_celery
from app.database import dispose_after_fork
from app.logs import set_up_logging
from app.settings import load_or_exit
from app.storage import Store
from tasks.dead_letters import DeadLetters
from tasks.heartbeat import heartbeat_step
from tasks.process import Processor
from tasks.runtime import database_app

settings = load_or_exit(os.environ)
database = database_app(settings)
processor = Processor(
    app=database,
    store=Store(settings.media_root),
    max_pixels=settings.max_pixels,
    max_attempts=settings.max_attempts,
    lease=dt.timedelta(seconds=settings.lease_seconds),
)
celery = make_celery(settings.broker, time_limit_seconds=settings.item_timeout_seconds)
celery.conf.worker_concurrency = settings.worker_concurrency
celery.steps["consumer"].add(DeadLetters)
if settings.heartbeat_file:
    celery.steps["consumer"].add(heartbeat_step(settings.heartbeat_file))


@celery.task(name=PROCESS_TASK)
def process(item_id: str) -> None:
    """Work on one item. The message is only a hint: the row decides whether there is anything to do."""
    with database.app_context():
        processor.process(UUID(item_id), worker=f"{socket.gethostname()}:{os.getpid()}")


@worker_process_init.connect
def forget_inherited_connections(**_: object) -> None:
    with database.app_context():
        dispose_after_fork()


@setup_logging.connect
def log_as_the_other_processes(**_: object) -> None:
    set_up_logging(settings.log_level)
    logging.getLogger("celery.worker.strategy").setLevel(logging.WARNING)  # a line per received message
