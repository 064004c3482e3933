"""A publish succeeds only when RabbitMQ has taken the message into a queue."""

from contextlib import closing

import pytest
from flask import Flask
from kombu import Connection

from app import dispatch
from app.broker import Sender, make_celery, queue_name
from app.models import ItemState, Lane
from app.outbox import publish
from app.storage import Store
from tests import rows
from tests.factories import submitted


def test_a_message_for_a_queue_that_is_gone_leaves_its_item_due(context: Flask, store: Store, broker_url: str):
    with closing(Sender(make_celery(broker_url, item_timeout_seconds=60))) as sender:
        publish(sender, submitted(store).due)
        with Connection(broker_url) as connection, connection.channel() as channel:
            channel.queue_delete(queue_name(Lane.INTERACTIVE))
        with pytest.raises(Exception, match="NO_ROUTE"):
            publish(sender, submitted(store).due)
        assert rows.states() == [ItemState.QUEUED, ItemState.PENDING]
        publish(sender, rows.due(later=dispatch.GRACE))
        assert rows.states() == [ItemState.QUEUED, ItemState.QUEUED]
