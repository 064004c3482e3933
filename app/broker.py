"""The Celery app, its configuration, and publishing: transport only, the rows of the database are the record.

Each setting that differs from Celery's default has an experiment behind it; where RabbitMQ and the embedded Valkey
differ, RabbitMQ is the one that counts.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from celery import Celery
from kombu import Exchange, Producer, Queue

from app.dispatch import Due
from app.ids import new_id
from app.models import Lane

PROCESS_TASK = "darkroom.process"
DELIVERY_LIMIT = 20
"""A backstop against a message that comes back for ever; the attempts on the row decide long before."""

EXCHANGE = Exchange("darkroom", type="topic", durable=True)  # Celery warns of a direct one at each start
DEAD_LETTERS = Queue("darkroom.dead", durable=True, queue_arguments={"x-queue-type": "quorum"})
"""Where messages end that no worker could take; the rows that they stood for are published again."""

_CONNECT_SECONDS = 5
_BACKSTOP_SECONDS = 420
"""A worker stops its work at the time limit itself, and waits for minutes for a database that is away. Only where it
hangs does Celery kill it, so much later, and before RabbitMQ's consumer_timeout of 30 minutes."""
_PUBLISH = {"retry": False, "mandatory": True, "confirm_timeout": 5}
"""Fail fast and loud: a publish that fails leaves the row due, and the dispatcher tries again."""


def queue_name(lane: Lane) -> str:
    return f"darkroom.{lane.value}"


def make_celery(url: str, *, item_timeout_seconds: int) -> Celery:
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
        task_time_limit=item_timeout_seconds + _BACKSTOP_SECONDS,
        worker_prefetch_multiplier=1,
        worker_send_task_events=True,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # the lease decides, not the connection
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

    def has_ready(self, lane: Lane) -> bool:
        """Whether messages of this lane wait in the broker; none do in a queue that is not there.

        Whatever else it raises comes through.
        """
        try:
            return bool(_state(self._connected().connection, queue_name(lane)).messages)
        except Exception:
            self.close()
            raise

    def takes_messages(self) -> bool:
        """Whether the broker takes messages at all, whatever becomes of those for our queues."""
        connection = self._celery.connection_for_write()
        try:
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_SECONDS)
            _echo(connection)
        except Exception:
            return False
        finally:
            _drop(connection)
        return True

    def replace_queue(self, lane: Lane) -> None:
        """Delete the lane's queue with all that it holds, and declare it again."""
        try:
            channel = self._connected().channel
            channel.queue_delete(queue_name(lane))
            _queue(lane)(channel).declare()
        finally:
            self.close()

    def _connected(self) -> Producer:
        if self._producer is None:
            connection = self._celery.connection_for_write()
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_SECONDS)
            self._producer = self._celery.amqp.Producer(connection)
        return self._producer

    def _send(self, item: Due) -> None:
        self._celery.send_task(
            PROCESS_TASK, args=[str(item.id)], task_id=str(item.id),
            queue=queue_name(item.lane), producer=self._connected(), **_PUBLISH,
        )  # fmt: skip

    def close(self) -> None:
        if self._producer is not None:
            _drop(self._producer.connection)
            self._producer = None


@dataclass(frozen=True, slots=True)
class QueueState:
    """What the broker says of a queue; None: it is not there."""

    name: str
    messages: int | None


def examine(celery: Celery) -> list[QueueState]:
    """Connect, look at our queues, and send a message through a queue of our own; what fails comes through."""
    connection = celery.connection_for_write()
    try:
        connection.ensure_connection(max_retries=1, timeout=_CONNECT_SECONDS)
        names = [*map(queue_name, Lane), DEAD_LETTERS.name]
        states = [_state(connection, name) for name in names]
        _echo(connection)
        return states
    finally:
        _drop(connection)


def _echo(connection: Any) -> None:
    """Send a message through a queue of our own and take it out; what fails, or takes seconds, comes through."""
    name = f"darkroom.echo.{new_id()}"
    with connection.SimpleQueue(Queue(name, routing_key=name, exclusive=True, auto_delete=True)) as own:
        own.put("?", confirm_timeout=5)
        own.get(timeout=5).ack()


def _drop(connection: Any) -> None:
    """End a connection without a farewell, which a blocked broker would not answer."""
    with suppress(Exception):
        connection.collect(socket_timeout=1)


def _state(connection: Any, name: str) -> QueueState:
    with connection.channel() as channel:
        try:
            declared = channel.queue_declare(name, passive=True)
        except connection.channel_errors:
            # In Valkey and Redis a queue is a list, and a list that is empty does not exist.
            return QueueState(name, None if connection.transport.driver_type == "amqp" else 0)
        return QueueState(name, declared.message_count)
