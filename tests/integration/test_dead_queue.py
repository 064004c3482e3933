"""A queue that comes back dead from a kill -9 of its RabbitMQ is replaced, and its lane goes on by itself."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from flask import Flask

from app.broker import Sender, make_celery
from app.models import ItemState, Lane
from app.storage import Store
from tasks import relay
from tasks.relay import Relay
from tests import rabbitmq, rows
from tests.factories import submitted
from tests.waiting import wait_until


@pytest.fixture
def broker() -> Iterator[rabbitmq.Broker]:
    """One of its own, for it is killed."""
    with rabbitmq.own(print, rabbitmq.choose(print)) as broker:
        yield broker


@pytest.mark.timeout(300)
def test_a_lane_whose_queue_is_dead_goes_on(
    broker: rabbitmq.Broker, context: Flask, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(relay, "_DEAD_AFTER_SECONDS", 1)
    with closing(Sender(make_celery(broker.url, item_timeout_seconds=60))) as sender:
        sender.replace_queue(Lane.INTERACTIVE)
        broker.kill()
        broker.start()
        submitted(store)
        rows.make_due()
        publisher = Relay(sender)

        def published() -> bool:
            try:
                publisher.publish_due()
            except Exception as error:  # refused, or no answer in time; the dispatcher logs it and goes on
                print(error)
            return rows.states() == [ItemState.QUEUED]

        wait_until(published, 120, "the item is published", pause=0.5)
        assert sender.has_ready(Lane.INTERACTIVE)
