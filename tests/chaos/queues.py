"""The broker's queues, reached past the proxies and past Celery. Missed where the broker does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import amqp

from tests.chaos.missed import Missed

NAMES = ("darkroom.interactive", "darkroom.bulk")


class Queues:
    def __init__(self, broker_url: str) -> None:
        self._url = urlsplit(broker_url)

    def ready(self, name: str) -> int:
        """How many messages wait there for a worker; 0 where there is no such queue."""
        with self._channel() as channel:
            try:
                return int(channel.queue_declare(name, passive=True).message_count)
            except amqp.NotFound:
                return 0

    def purge(self, name: str) -> int:
        """Drop what waits there; returns how many messages that were."""
        with self._channel() as channel:
            return int(channel.queue_purge(name))

    def delete(self, name: str) -> int:
        with self._channel() as channel:
            return int(channel.queue_delete(name))

    @contextmanager
    def _channel(self) -> Iterator[amqp.Channel]:
        try:
            with amqp.Connection(
                f"{self._url.hostname}:{self._url.port}", userid=self._url.username, password=self._url.password,
                connect_timeout=5, read_timeout=15, write_timeout=15,
            ) as connection:  # fmt: skip
                yield connection.channel()
        except (amqp.AMQPError, OSError) as error:
            raise Missed(f"the broker did not answer: {error}") from error
