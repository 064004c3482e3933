"""Sending over real HTTP to a receiver on loopback, which the setting allows by its address."""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from app.outgoing import Allowed, Limits, Outgoing
from app.storage import Store
from app.webhooks import deliveries, endpoints
from app.webhooks.deliveries import LEASE, PAUSE_AFTER
from tasks.webhooks import FOR_FAILING, THREADS, Courier
from tests.app.webhooks.hooks import endpoint, of_name, one, written
from tests.clock import Clock
from tests.factories import claimed, submitted, succeed
from tests.receiver import Receiver, answer, receiver
from tests.waiting import wait_until

ENDLESS = ["Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:00 +99999999999999999999"]
LIMITS = Limits(bytes=2000, connect=2, silence=0.3, whole=20)


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def courier(context: Flask) -> Iterator[Courier]:
    made = Courier(context, Outgoing(Allowed(["127.0.0.1"])), LIMITS)
    yield made
    made.stop()


@pytest.fixture
def clock(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def event(store: Store) -> str:
    """A job ends; returns its id."""
    submission = submitted(store)
    assert succeed(claimed(submission.due[0].id))
    return str(submission.job.id)


def verified(secret: str, there: Receiver, number: int = -1) -> dict[str, object]:
    """What the official package makes of a request that the receiver got."""
    request = there.requests[number]
    found: dict[str, object] = Webhook(secret).verify(request.body, request.headers)
    return found


def test_the_official_package_verifies_what_arrives(courier: Courier, store: Store, there: Receiver):
    secret = endpoint(url=there.url)
    job = event(store)
    courier.send_due()
    body = verified(secret, there)
    assert (body["type"], body["data"]["job"]["id"]) == ("job.completed", job)
    request = there.requests[0]
    assert (request.method, request.path, request.headers["content-type"]) == ("POST", "/hooks", "application/json")
    assert request.headers["webhook-id"] == one().message_id
    assert one().state == "succeeded"
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoints.rotate("shop")[1]).verify(request.body, request.headers)


def test_while_a_secret_is_rotated_both_verify(courier: Courier, store: Store, there: Receiver, clock: Clock):
    first = endpoint(url=there.url)
    _, second = endpoints.rotate("shop")
    event(store)
    courier.send_due()
    assert verified(first, there) == verified(second, there)
    clock.forward(hours=25)
    endpoints.ping("shop")
    courier.send_due()
    assert len(there.requests[1].headers["webhook-signature"].split()) == 1


def test_a_failure_is_tried_again_with_the_same_id_and_body_and_a_new_time(
    courier: Courier, store: Store, there: Receiver, clock: Clock
):
    secret = endpoint(url=there.url)
    event(store)
    there.then(answer(500, b"I broke"), answer(200, b"thanks"))
    courier.send_due()
    assert (one().state, one().tries[0].status, one().tries[0].response) == ("pending", 500, "I broke")
    assert one().tries[0].error == "It answered 500."
    clock.forward(seconds=10)
    courier.send_due()
    first, second = there.requests
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 10
    assert verified(secret, there, 0) == verified(secret, there, 1)
    assert [(attempt.number, attempt.status) for attempt in one().tries] == [(1, 500), (2, 200)]
    assert one().state == "succeeded"


def silent(there: Receiver) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda _: there.release.wait(60) and None


def test_a_receiver_that_says_nothing_has_failed(courier: Courier, store: Store, there: Receiver):
    endpoint(url=there.url)
    event(store)
    there.then(silent(there))
    courier.send_due()
    assert (one().state, one().tries[0].status) == ("pending", None)
    assert one().tries[0].error == "It was silent for too long."
    assert one().tries[0].milliseconds >= 300


def test_a_redirect_is_a_failure_and_says_where_it_points(courier: Courier, store: Store, there: Receiver):
    with receiver("127.0.0.2") as elsewhere:
        endpoint(url=there.url)
        event(store)
        there.then(answer(308, Location=elsewhere.url))
        courier.send_due()
    assert elsewhere.requests == []
    assert f"It answered 308 and points to '{elsewhere.url}'; redirects are not followed" in str(one().tries[0].error)


def test_of_an_answer_the_beginning_is_kept_as_text(courier: Courier, store: Store, there: Receiver):
    endpoint(url=there.url)
    event(store)
    there.then(answer(500, b"a\0b\xff\x1b[0m\n" + b"x" * 10_000))
    courier.send_due()
    kept = str(one().tries[0].response)
    assert kept.startswith("a\ufffdb\ufffd\ufffd[0m\nxxx")
    assert len(kept) == 2000


def test_an_address_that_is_not_allowed_is_not_connected_to(context: Flask, store: Store, there: Receiver):
    endpoint(url=there.url)
    event(store)
    Courier(context, Outgoing(Allowed())).send_due()
    assert there.requests == []
    assert "is a loopback address" in str(one().tries[0].error)
    assert one().state == "failed"


def test_a_name_that_leads_to_such_an_address_is_asked_for_again(context: Flask, store: Store):
    endpoint()
    event(store)
    Courier(context, Outgoing(Allowed(), lambda _: ["127.0.0.1"])).send_due()
    assert "is a loopback address" in str(one().tries[0].error)
    assert one().state == "pending"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_respected(
    courier: Courier, store: Store, there: Receiver, clock: Clock, status: int, form: str
):
    endpoint(url=there.url)
    event(store)
    moment = clock.now + dt.timedelta(seconds=121)
    value = "120" if form == "seconds" else moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    there.then(answer(status, Retry_After=value), answer(204))
    courier.send_due()
    clock.forward(seconds=119)
    courier.send_due()
    assert len(there.requests) == 1
    clock.forward(seconds=2)
    courier.send_due()
    assert (len(there.requests), one().state) == (2, "succeeded")


@pytest.mark.parametrize("value", ["", "soon", "-5", "99999999999999", "Thu, 99 Foo 2026", *ENDLESS])
def test_a_retry_after_that_is_none_keeps_nobody(
    courier: Courier, store: Store, there: Receiver, clock: Clock, value: str
):
    endpoint(url=there.url)
    event(store)
    there.then(answer(503, Retry_After=value))
    courier.send_due()
    assert (of_name().hold_until, one().tries[0].error) == (None, "It answered 503.")
    assert one().next_try_at <= clock.now + dt.timedelta(seconds=6)


def test_410_pauses_the_endpoint(courier: Courier, store: Store, there: Receiver):
    endpoint(url=there.url)
    event(store)
    event(store)
    there.then(answer(410))
    courier.send_due()
    assert (len(there.requests), of_name().paused_because) == (1, "gone")


def test_an_endpoint_that_fails_for_days_is_paused_resumed_and_told_again(
    courier: Courier, store: Store, there: Receiver, clock: Clock
):
    endpoint(url=there.url)
    event(store)
    there.then(answer(500))
    courier.send_due()
    clock.forward(seconds=PAUSE_AFTER.total_seconds())
    courier.send_due()
    assert of_name().paused_because == "failing"
    clock.forward(days=1)
    courier.send_due()
    assert len(there.requests) == 2
    there.then(answer(200))
    endpoints.resume("shop")
    courier.send_due()
    assert (one().state, of_name().failing_since) == ("succeeded", None)


def test_a_delivery_is_sent_again_when_somebody_asks(courier: Courier, store: Store, there: Receiver):
    secret = endpoint(url=there.url)
    event(store)
    courier.send_due()
    deliveries.redeliver(one().id)
    courier.send_due()
    assert verified(secret, there, 0) == verified(secret, there, 1)
    assert there.requests[0].headers["webhook-id"] == there.requests[1].headers["webhook-id"]


def test_a_ping_arrives(courier: Courier, context: Flask, there: Receiver):
    secret = endpoint(url=there.url)
    endpoints.ping("shop")
    courier.send_due()
    assert verified(secret, there)["type"] == "ping"


def test_what_could_not_be_recorded_is_sent_again(
    courier: Courier, store: Store, there: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    """The database goes away while the request is on its way: it arrives twice, under one id."""
    endpoint(url=there.url)
    event(store)
    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "record", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            courier.send_due()
    clock.forward(seconds=LEASE.total_seconds())
    courier.send_due()
    assert len({request.headers["webhook-id"] for request in there.requests}) == 1
    assert (len(there.requests), one().state) == (2, "succeeded")


def test_whatever_goes_wrong_while_it_is_sent_is_a_failure(
    courier: Courier, store: Store, there: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    endpoint(url=there.url)
    event(store)
    monkeypatch.setattr("tasks.webhooks._hold", lambda _: 1 / 0)
    courier.send_due()
    assert (one().failures, one().lease_until) == (1, None)
    assert one().tries[0].error == "It could not be sent (ZeroDivisionError); the dispatcher's log says more."
    assert "Traceback" in caplog.text


def away(*, times: int, then: Callable[[], object]) -> Callable[..., bool]:
    """Recording, for which the database is away so many times."""
    record, left = deliveries.record, iter(range(times))

    def try_to_record(*given: Any) -> bool:
        if next(left, None) is not None:
            then()
            raise OperationalError("UPDATE", None, Exception("away"))
        return record(*given)

    return try_to_record


def test_an_outcome_is_recorded_when_the_database_is_back(
    courier: Courier, store: Store, there: Receiver, monkeypatch: pytest.MonkeyPatch
):
    endpoint(url=there.url)
    event(store)
    monkeypatch.setattr("tasks.webhooks._AGAIN_SECONDS", 0)
    monkeypatch.setattr(deliveries, "record", away(times=3, then=lambda: None))
    courier.send_due()
    assert (len(there.requests), one().state) == (1, "succeeded")


def test_nobody_tries_to_record_what_somebody_else_may_send(
    courier: Courier, store: Store, there: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    endpoint(url=there.url)
    event(store)
    began = clock.now
    monkeypatch.setattr("tasks.webhooks._AGAIN_SECONDS", 0)
    monkeypatch.setattr(deliveries, "record", away(times=100, then=lambda: clock.forward(seconds=10)))
    with pytest.raises(OperationalError):
        courier.send_due()
    assert clock.now - began == LEASE


def test_endpoints_that_fail_leave_half_of_the_threads_to_others(
    courier: Courier, store: Store, there: Receiver, clock: Clock
):
    with receiver() as slow:
        for number in range(THREADS):
            endpoint(f"slow{number}", url=slow.url)
        slow.then(answer(500))
        event(store)
        courier.send_due()
        clock.forward(seconds=10)
        slow.then(silent(slow))
        courier._limits = Limits(bytes=1, silence=60, whole=60)
        courier.look()
        wait_until(lambda: len(slow.requests) == THREADS + FOR_FAILING, 10, "as many are sent as may be")
        endpoint(url=there.url)
        endpoints.ping("shop")
        wait_until(lambda: courier.look() or there.requests, 10, "the other one has its message")
        assert len(slow.requests) == THREADS + FOR_FAILING
        slow.release.set()
        courier.stop()


def test_one_that_takes_long_keeps_no_other_waiting(courier: Courier, store: Store, there: Receiver):
    with receiver() as slow:
        endpoint("slow", url=slow.url)
        endpoint(url=there.url)
        slow.then(silent(slow))
        for _ in range(THREADS + 2):
            event(store)
        courier._limits = Limits(bytes=1, silence=60, whole=60)
        wait_until(lambda: courier.look() or len(there.requests) == THREADS + 2, 30, "the other one has all of them")
        assert len([1 for delivery in written() if delivery.lease_until and delivery.endpoint.name == "slow"]) <= 4
        slow.release.set()


def test_look_sends_in_threads_and_stop_waits_for_them(courier: Courier, store: Store, there: Receiver):
    endpoint(url=there.url)
    assert courier.look() is False
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("webhooks")]
    event(store)
    courier.look()
    courier.stop()
    assert [json.loads(request.body)["type"] for request in there.requests] == ["job.completed"]
    assert one().state == "succeeded"
