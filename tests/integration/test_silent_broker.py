"""A broker that says neither yes nor no: whoever asks it gives up after some seconds, and the rows stay due."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from flask import Flask
from kombu.utils.url import url_to_parts

from app import dispatch
from app.broker import Sender, make_celery
from app.models import ItemState, Lane
from app.outbox import publish
from app.storage import Store
from tests import rabbitmq, rows
from tests.chaos.proxy import Network
from tests.factories import submitted

SECONDS = 30
"""Longer than any of the time-outs, and shorter than for ever."""


@pytest.fixture
def broker() -> Iterator[rabbitmq.Broker]:
    """One of its own, for it gets an alarm."""
    with rabbitmq.own(print, rabbitmq.choose(print)) as broker:
        yield broker


def gives_up(ask: Callable[[], object]) -> bool:
    """Whether it fails within SECONDS; a thread that would wait for ever must not hold up the tests."""
    errors: list[Exception] = []

    def run() -> None:
        try:
            ask()
        except Exception as error:
            errors.append(error)

    asking = threading.Thread(target=run, daemon=True)
    asking.start()
    asking.join(SECONDS)
    return bool(errors)


@pytest.mark.timeout(300)
def test_a_broker_with_an_alarm_holds_no_publisher_for_long(
    broker: rabbitmq.Broker, context: Flask, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """It keeps the connection and confirms nothing. No time-out of a read helps: whatever else comes resets it."""
    monkeypatch.setattr("app.broker._transport_options", lambda _: {"confirm_publish": True})
    with closing(Sender(make_celery(broker.url, item_timeout_seconds=60))) as sender:
        sender.replace_queue(Lane.INTERACTIVE)
        publish(sender, submitted(store).due)
        due = submitted(store).due
        broker.ctl("set_disk_free_limit", str(10**15))
        try:
            assert gives_up(lambda: list(sender.send(due)))
        finally:
            broker.ctl("set_disk_free_limit", "50000000")
        publish(sender, rows.due(later=dispatch.GRACE))
    assert rows.states() == [ItemState.QUEUED] * 2


def test_a_connection_that_leads_nowhere_holds_nobody_for_long(broker_url: str):
    port = url_to_parts(broker_url).port
    with Network() as network:
        proxy = network.proxy(port)
        near = broker_url.replace(f":{port}", f":{proxy.port}")
        with closing(Sender(make_celery(near, item_timeout_seconds=60))) as sender:
            sender.replace_queue(Lane.INTERACTIVE)
            assert not sender.has_ready(Lane.INTERACTIVE)
            proxy.forget()
            assert gives_up(lambda: sender.has_ready(Lane.INTERACTIVE))
            assert not sender.has_ready(Lane.INTERACTIVE), "the next question goes over a new connection"
