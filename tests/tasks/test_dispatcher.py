import datetime as dt

import pytest
from flask import Flask

from app import items
from app.database import transaction
from app.models import Item, ItemState
from app.storage import Store
from tasks.dispatcher import Dispatcher
from tests.app.test_publisher import FailingSender
from tests.factories import submitted


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher(FailingSender(takes=100), max_attempts=3)


def state() -> ItemState:
    with transaction() as session:
        return session.query(Item).one().state


def make_due() -> None:
    with transaction() as session:
        session.query(Item).update({"dispatch_after": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)})


def test_a_round_publishes_what_is_due(context: Flask, store: Store, dispatcher: Dispatcher):
    submitted(store)
    dispatcher.round()
    assert state() == ItemState.PENDING, "the web's own thread comes first"
    make_due()
    dispatcher.round()
    assert state() == ItemState.QUEUED


def test_a_round_takes_an_item_back_whose_worker_is_lost(context: Flask, store: Store, dispatcher: Dispatcher):
    [waiting] = submitted(store).due
    assert items.claim(waiting.id, "worker", dt.timedelta(seconds=-1))
    dispatcher.round()
    assert state() == ItemState.PENDING
    dispatcher.round()
    assert state() == ItemState.QUEUED


def test_a_round_leaves_a_working_item_alone(context: Flask, store: Store, dispatcher: Dispatcher):
    [waiting] = submitted(store).due
    assert items.claim(waiting.id, "worker", dt.timedelta(seconds=60))
    make_due()
    dispatcher.round()
    assert state() == ItemState.RUNNING
