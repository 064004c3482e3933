from collections.abc import Iterable, Iterator

import pytest
from flask import Flask
from kombu.exceptions import OperationalError

from app.broker import Sender, make_celery
from app.database import db, utc_now
from app.items import DISPATCH_GRACE, Due, due
from app.models import Item, ItemState
from app.outbox import publish
from app.storage import Store
from tests.conftest import NO_BROKER
from tests.factories import submitted


class FailingSender(Sender):
    """Stands in for a broker that takes some messages and then goes away."""

    def __init__(self, takes: int) -> None:
        self._takes = takes

    def send(self, items: Iterable[Due]) -> Iterator[Due]:
        for number, item in enumerate(items):
            if number == self._takes:
                raise ConnectionResetError
            yield item


def states() -> list[ItemState]:
    db.session.remove()
    return [row.state for row in db.session.query(Item).order_by(Item.position)]


def test_what_the_broker_took_is_marked_and_the_rest_stays_due(context: Flask, store: Store):
    submission = submitted(store, "a.jpg", "b.jpg", "c.jpg")
    with pytest.raises(ConnectionResetError):
        publish(FailingSender(2), submission.due)
    assert states() == [ItemState.QUEUED, ItemState.QUEUED, ItemState.PENDING]
    assert [item.id for item in due(db.session(), utc_now() + DISPATCH_GRACE, 10)] == [submission.due[2].id]


def test_a_broker_that_is_away_leaves_everything_due(context: Flask, store: Store):
    submission = submitted(store)
    with pytest.raises(OperationalError):
        publish(Sender(make_celery(NO_BROKER, time_limit_seconds=60)), submission.due)
    assert states() == [ItemState.PENDING]
