"""The Celery app, its configuration, and publishing: transport only, the rows of the database are the record.

Each setting that differs from Celery's default has an experiment behind it; where RabbitMQ and the embedded Valkey
differ, RabbitMQ is the one that counts.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from celery import Celery
from kombu import Exchange, Producer, Queue

from app.items import Due
from app.models import Lane

PROCESS_TASK = "darkroom.process"
DELIVERY_LIMIT = 20
"""A backstop against a message that comes back for ever; the attempts on the row decide long before."""

EXCHANGE = Exchange("darkroom", type="topic", durable=True)  # Celery warns of a direct one at each start
DEAD_LETTERS = Queue("darkroom.dead", durable=True, queue_arguments={"x-queue-type": "quorum"})
"""Where messages end that no worker could take; the rows that they stood for are published again."""

_CONNECT_SECONDS = 5
_PUBLISH = {"retry": False, "mandatory": True, "confirm_timeout": 5}
"""Fail fast and loud: a publish that fails leaves the row due, and the dispatcher tries again."""


def queue_name(lane: Lane) -> str:
    return f"darkroom.{lane.value}"


def make_celery(url: str, *, time_limit_seconds: int) -> Celery:
    """A Celery app on the broker at `url`, for publishers, workers and Flower alike."""
    celery = Celery("darkroom", broker=url)
    celery.conf.update(
        task_queues=[_queue(lane) for lane in Lane],
        task_default_queue=queue_name(Lane.INTERACTIVE),
        task_create_missing_queues=False,  # they would be classic queues
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,  # without it, a killed child takes its message along (celery#1628)
        task_time_limit=time_limit_seconds,
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # the lease decides, not the connection
        worker_soft_shutdown_timeout=20,
        control_queue_durable=True,
        control_queue_exclusive=False,  # the default kills a worker with 405 after a half-open connection
        broker_heartbeat=20,
        broker_connection_timeout=5,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport_options(url),
    )
    return celery


def _queue(lane: Lane) -> Queue:
    name = queue_name(lane)
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": DELIVERY_LIMIT,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": DEAD_LETTERS.name,
    }
    return Queue(name, EXCHANGE, routing_key=name, queue_arguments=arguments)


def _transport_options(url: str) -> dict[str, Any]:
    if url.startswith("amqp"):
        return {"confirm_publish": True, "read_timeout": 10, "write_timeout": 10}
    return {"socket_timeout": 10, "visibility_timeout": 3600}


class Sender:
    """One connection to the broker, opened when it is needed and again after a failure. For one thread."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._producer: Producer | None = None

    def send(self, items: Iterable[Due]) -> Iterator[Due]:
        """Send a message per item and yield each that the broker confirmed; what the broker raises comes through."""
        try:
            for item in items:
                self._send(item)
                yield item
        except Exception:
            self.close()
            raise

    def _send(self, item: Due) -> None:
        if self._producer is None:
            connection = self._celery.connection_for_write()
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_SECONDS)
            self._producer = self._celery.amqp.Producer(connection)
        self._celery.send_task(
            PROCESS_TASK, args=[str(item.id)], task_id=str(item.id),
            queue=queue_name(item.lane), producer=self._producer, **_PUBLISH,
        )  # fmt: skip

    def close(self) -> None:
        """Drop the connection without a farewell, which a blocked broker would not answer."""
        if self._producer is not None:
            with suppress(Exception):
                self._producer.connection.collect(socket_timeout=1)
            self._producer = None
