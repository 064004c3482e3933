"""A round of the dispatcher: no trouble with one thing keeps it from the others."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app import dispatch, owners
from app.models import ItemState
from app.storage import Store
from tasks.dispatcher import Dispatcher
from tasks.periodic import PeriodicTasks
from tasks.recovery import Recovery
from tasks.relay import Relay
from tests import rows
from tests.factories import PATIENCE, claimed, submitted
from tests.tasks.test_recovery import dead, raising
from tests.tasks.test_relay import Broker


@pytest.fixture
def made(context: Flask) -> Callable[..., Dispatcher]:
    def make(broker: Broker | None = None) -> Dispatcher:
        return Dispatcher(Relay(broker or Broker()), Recovery(PATIENCE), PeriodicTasks(context, []))

    return make


@pytest.fixture
def dispatcher(made: Callable[..., Dispatcher]) -> Dispatcher:
    return made()


def test_a_round_publishes_what_is_due(store: Store, dispatcher: Dispatcher):
    submitted(store)
    dispatcher.round()
    assert rows.states() == [ItemState.PENDING], "the web's own thread comes first"
    rows.make_due()
    dispatcher.round()
    assert rows.states() == [ItemState.QUEUED]


def test_a_round_takes_an_item_back_whose_worker_is_dead_and_the_next_publishes_it(
    store: Store, dispatcher: Dispatcher
):
    claimed(submitted(store).due[0].id, owner=dead())
    dispatcher.round()
    assert rows.states() == [ItemState.PENDING]
    dispatcher.round()
    assert rows.states() == [ItemState.QUEUED]
    assert rows.only_item().strikes == 1


def test_a_round_leaves_a_working_item_alone(store: Store, dispatcher: Dispatcher):
    claimed(submitted(store).due[0].id, owner=owners.this_process())
    rows.make_due()
    dispatcher.round()
    assert rows.states() == [ItemState.RUNNING]


def test_a_broker_that_is_away_keeps_no_lost_item_from_coming_back(store: Store, made: Callable[..., Dispatcher]):
    first, second = submitted(store), submitted(store)
    claimed(first.due[0].id, owner=dead())
    rows.change(second.due[0].id, dispatch_after=rows.LONG_AGO)
    with pytest.raises(ConnectionResetError):
        made(Broker(takes=0)).round()
    assert rows.states() == [ItemState.PENDING, ItemState.PENDING]
    assert rows.item(first.due[0].id).strikes == 1
    assert claimed(first.due[0].id)


def test_trouble_with_taking_back_keeps_nothing_from_being_published(
    store: Store, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
):
    submitted(store)
    rows.make_due()
    monkeypatch.setattr(dispatch, "running", raising(OperationalError("SELECT", {}, Exception("disk I/O error"))))
    with pytest.raises(OperationalError):
        dispatcher.round()
    assert rows.states() == [ItemState.QUEUED]


def test_a_full_batch_asks_for_another_round_at_once(
    store: Store, dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tasks.relay.BATCH", 2)
    submitted(store, "a.jpg", "b.jpg", "c.jpg")
    rows.make_due()
    assert [dispatcher.round(), dispatcher.round()] == [True, False]
    assert rows.states() == [ItemState.QUEUED] * 3
