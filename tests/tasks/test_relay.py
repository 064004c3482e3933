"""What the relay publishes, and again: each lane for itself, whatever the broker does with the other."""

from collections.abc import Iterable, Iterator

import pytest
from amqp.exceptions import MessageNacked
from flask import Flask
from sqlalchemy.exc import OperationalError

from app import dispatch
from app.broker import Sender
from app.database import utc_now
from app.dispatch import LONG_QUEUED, Due
from app.models import ItemState, Lane
from app.storage import Store
from tasks import relay
from tasks.relay import Relay
from tests import rows
from tests.factories import submitted
from tests.tasks.test_recovery import Seconds, raising


class Broker(Sender):
    """Stands in for a broker that takes so many messages, refuses those of a lane, or has some that wait."""

    def __init__(self, takes: int = 100) -> None:
        self.takes = takes
        self.refused: set[Lane] = set()
        self.ready: set[Lane] = set()
        self.replaced: list[Lane] = []
        self.works = True

    def send(self, items: Iterable[Due]) -> Iterator[Due]:
        for item in items:
            if item.lane in self.refused:
                raise MessageNacked
            if not self.takes:
                raise ConnectionResetError
            self.takes -= 1
            yield item

    def has_ready(self, lane: Lane) -> bool:
        return lane in self.ready

    def takes_messages(self) -> bool:
        return self.works

    def replace_queue(self, lane: Lane) -> None:
        self.refused.discard(lane)
        self.replaced.append(lane)


@pytest.fixture
def broker(context: Flask) -> Broker:
    return Broker()


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Seconds:
    return Seconds(monkeypatch, relay)


def published(store: Store, **values: object) -> None:
    """One item that was published and whose time to be so again has come."""
    dispatch.mark_published(submitted(store).due, utc_now())
    rows.change(**{"dispatch_after": utc_now()} | values)


def test_what_was_published_is_published_again_when_its_lane_is_empty(store: Store, broker: Broker):
    """The message is lost; but while messages of the lane wait, it may as well be one of them."""
    published(store)
    broker.ready = {Lane.INTERACTIVE}
    Relay(broker).publish_due()
    assert rows.only_item().publishes == 1, "a long queue is no loss"
    broker.ready = {Lane.BULK}
    Relay(broker).publish_due()
    assert rows.only_item().publishes == 2


def test_what_was_published_waits_for_its_time(store: Store, broker: Broker):
    dispatch.mark_published(submitted(store).due, utc_now())
    assert not Relay(broker).publish_due()
    assert rows.only_item().publishes == 1


def test_a_lane_that_is_never_empty_hides_a_lost_message_not_for_ever(store: Store, broker: Broker):
    published(store, dispatch_after=utc_now() - LONG_QUEUED * 1.01)
    broker.ready = set(Lane)
    Relay(broker).publish_due()
    assert rows.only_item().publishes == 2


def test_what_was_never_published_comes_before_what_was(store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(relay, "BATCH", 1)
    published(store)
    new = submitted(store)
    rows.change(new.due[0].id, dispatch_after=utc_now())
    assert Relay(broker).publish_due(), "there may be more"
    assert (rows.item(new.due[0].id).publishes, rows.states()) == (1, [ItemState.QUEUED] * 2)


@pytest.mark.parametrize("refused", Lane)
def test_a_lane_that_the_broker_refuses_does_not_hold_up_the_other(store: Store, broker: Broker, refused: Lane):
    for lane in Lane:
        submitted(store, lane=lane)
    rows.make_due()
    broker.refused = {refused}
    with pytest.raises(MessageNacked):
        Relay(broker).publish_due()
    assert rows.states() == [ItemState.PENDING if lane == refused else ItemState.QUEUED for lane in Lane]


def test_a_full_lane_does_not_hold_up_the_other(store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch):
    """Neither one whose messages wait, nor one that the broker refuses."""
    monkeypatch.setattr(relay, "BATCH", 2)
    for _ in range(3):
        published(store)
    lost = submitted(store, lane=Lane.BULK)
    dispatch.mark_published(lost.due, utc_now())
    rows.make_due()
    broker.ready = {Lane.INTERACTIVE}
    Relay(broker).publish_due()
    assert rows.item(lost.due[0].id).publishes == 2
    submitted(store, "a.jpg", "b.jpg", "c.jpg")
    new = submitted(store, lane=Lane.BULK)
    rows.make_due()
    broker.refused = {Lane.INTERACTIVE}
    with pytest.raises(MessageNacked):
        Relay(broker).publish_due()
    assert rows.item(new.due[0].id).state == ItemState.QUEUED


def test_a_queue_that_refuses_everything_for_long_is_replaced_and_its_items_published_again(
    store: Store, broker: Broker, seconds: Seconds
):
    """What it held is gone with it, but the rows are the record."""
    held = submitted(store)
    dispatch.mark_published(held.due, utc_now())
    new = submitted(store)
    rows.change(new.due[0].id, dispatch_after=rows.LONG_AGO)
    broker.refused = {Lane.INTERACTIVE}
    ours = Relay(broker)
    for _ in range(3):
        assert broker.replaced == []
        with pytest.raises(MessageNacked):
            ours.publish_due()
        seconds.forward(10)
    assert broker.replaced == [Lane.INTERACTIVE]
    ours.publish_due()
    assert rows.states() == [ItemState.QUEUED] * 2
    assert rows.item(held.due[0].id).publishes == 1, "it counts as never published"
    assert [event.kind for event in rows.events(held.due[0].id)] == ["queued", "queued"]


@pytest.mark.parametrize("trouble", ["broker", "database"])
def test_trouble_with_something_else_is_none_of_the_queue(
    store: Store, broker: Broker, seconds: Seconds, monkeypatch: pytest.MonkeyPatch, trouble: str
):
    """The broker takes no messages at all; or the database is locked, and nothing can be marked."""
    submitted(store)
    rows.make_due()
    if trouble == "broker":
        broker.works, broker.takes = False, 0
    else:
        monkeypatch.setattr("app.outbox.mark_published", raising(OperationalError("UPDATE", {}, Exception("locked"))))
    ours = Relay(broker)
    for _ in range(5):
        with pytest.raises((ConnectionResetError, OperationalError)):
            ours.publish_due()
        seconds.forward(20)
    assert broker.replaced == []


def test_a_queue_that_refuses_now_and_then_stays(store: Store, broker: Broker, seconds: Seconds):
    ours = Relay(broker)
    for _ in range(4):
        submitted(store)
        rows.make_due()
        broker.refused = {Lane.INTERACTIVE}
        with pytest.raises(MessageNacked):
            ours.publish_due()
        seconds.forward(15)
        broker.refused = set()
        ours.publish_due()
    assert broker.replaced == []


def test_a_queue_that_refused_once_is_not_suspected_for_ever(store: Store, broker: Broker, seconds: Seconds):
    """Another dispatcher published what was due; much later there is trouble again."""
    ours = Relay(broker)
    for _ in range(2):
        submitted(store)
        rows.make_due()
        broker.refused = {Lane.INTERACTIVE}
        with pytest.raises(MessageNacked):
            ours.publish_due()
        dispatch.mark_published(rows.due(), utc_now())
        seconds.forward(3600)
        ours.publish_due()
    assert broker.replaced == []


def test_while_the_broker_was_away_no_queue_was_dead(store: Store, broker: Broker, seconds: Seconds):
    submitted(store)
    rows.make_due()
    ours = Relay(broker)
    broker.works, broker.takes = False, 0
    for _ in range(6):
        with pytest.raises(ConnectionResetError):
            ours.publish_due()
        seconds.forward(10)
    broker.works, broker.refused = True, {Lane.INTERACTIVE}
    with pytest.raises(MessageNacked):
        ours.publish_due()
    assert broker.replaced == []


def test_a_dispatcher_that_dies_while_it_replaces_a_queue_forgets_nothing(
    store: Store, broker: Broker, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
):
    held = submitted(store)
    dispatch.mark_published(held.due, utc_now())
    rows.change(dispatch_after=utc_now() + LONG_QUEUED)
    rows.change(submitted(store).due[0].id, dispatch_after=rows.LONG_AGO)
    broker.refused = {Lane.INTERACTIVE}
    monkeypatch.setattr(broker, "replace_queue", raising(KeyboardInterrupt()))
    ours = Relay(broker)
    with pytest.raises(MessageNacked):
        ours.publish_due()
    seconds.forward(20)
    with pytest.raises(KeyboardInterrupt):
        ours.publish_due()
    assert held.due[0].id in {due.id for due in rows.due()}
