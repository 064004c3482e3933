import threading
from collections.abc import Iterable, Iterator

import pytest
from flask import Flask
from kombu.exceptions import OperationalError

from app.broker import Sender, make_celery
from app.dispatch import GRACE, Due
from app.models import ItemState, Lane
from app.outbox import publish
from app.publisher import Publisher
from app.storage import Store
from tests import rows
from tests.conftest import NO_BROKER
from tests.factories import submitted
from tests.waiting import wait_until


class FailingSender(Sender):
    """Stands in for a broker that takes some messages and then goes away."""

    def __init__(self, takes: int) -> None:
        self._takes = takes

    def send(self, items: Iterable[Due]) -> Iterator[Due]:
        for number, item in enumerate(items):
            if number == self._takes:
                raise ConnectionResetError
            yield item


class SlowSender(Sender):
    """Stands in for a broker that takes every message, from the moment on in which it is `open`."""

    def __init__(self) -> None:
        self.asked, self.open = threading.Event(), threading.Event()
        self.taken: list[Due] = []

    def send(self, items: Iterable[Due]) -> Iterator[Due]:
        self.asked.set()
        assert self.open.wait(30)
        for item in items:
            self.taken.append(item)
            yield item


@pytest.fixture
def busy(context: Flask, store: Store) -> Iterator[tuple[Publisher, SlowSender]]:
    """A publisher whose thread waits for the broker with the message of one item."""
    sender = SlowSender()
    publisher = Publisher(context, sender)
    publisher.publish_soon(submitted(store).due)
    assert sender.asked.wait(30)
    yield publisher, sender
    sender.open.set()


def taken(sender: SlowSender, count: int) -> list[Due]:
    sender.open.set()
    wait_until(lambda: rows.states().count(ItemState.QUEUED) == count, 30, "they are published and marked")
    return sender.taken


def test_an_interactive_item_does_not_wait_for_the_bulk_ones_that_came_before(busy, store: Store):
    publisher, sender = busy
    bulk = submitted(store, *["a.jpg"] * 120, lane=Lane.BULK).due
    publisher.publish_soon(bulk)
    [now] = submitted(store).due
    publisher.publish_soon([now])
    assert taken(sender, 122).index(now) == 1


def test_what_does_not_fit_is_left_to_the_dispatcher(busy, store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("app.publisher._CAPACITY", 2)
    publisher, sender = busy
    due = submitted(store, "a.jpg", "b.jpg", "c.jpg").due
    publisher.publish_soon(due)
    assert taken(sender, 3)[1:] == due[:2]
    assert [item.id for item in rows.due(GRACE)] == [due[2].id]


def test_a_broker_that_failed_does_not_end_the_thread(context: Flask, store: Store):
    publisher = Publisher(context, FailingSender(takes=1))
    for count in (1, 2):
        publisher.publish_soon(submitted(store, "a.jpg", "b.jpg").due)
        wait_until(lambda count=count: rows.states().count(ItemState.QUEUED) == count, 30, "one is published")


def test_what_the_broker_took_is_marked_and_the_rest_stays_due(context: Flask, store: Store):
    submission = submitted(store, "a.jpg", "b.jpg", "c.jpg")
    with pytest.raises(ConnectionResetError):
        publish(FailingSender(2), submission.due)
    assert rows.states() == [ItemState.QUEUED, ItemState.QUEUED, ItemState.PENDING]
    assert [item.id for item in rows.due(GRACE)] == [submission.due[2].id]


def test_a_broker_that_is_away_leaves_everything_due(context: Flask, store: Store):
    submission = submitted(store)
    with pytest.raises(OperationalError):
        publish(Sender(make_celery(NO_BROKER, item_timeout_seconds=60)), submission.due)
    assert rows.states() == [ItemState.PENDING]
    assert [item.id for item in rows.due(GRACE)] == [submission.due[0].id]
