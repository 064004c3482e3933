"""The queue of dead letters must exist before the first message dies: RabbitMQ drops what it can not route."""

from typing import Any

from celery import bootsteps

from app.broker import DEAD_LETTERS


class DeadLetters(bootsteps.StartStopStep):
    """A step of a Celery worker's consumer that declares the queue before the task queues are."""

    requires = ("celery.worker.consumer.connection:Connection",)

    def start(self, consumer: Any) -> None:
        with consumer.connection.channel() as channel:
            DEAD_LETTERS(channel).declare()
