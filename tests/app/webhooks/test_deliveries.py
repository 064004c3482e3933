"""What is due, who may send it, and what follows from how it ended. The clock is the tests'."""

import datetime as dt
import itertools
import threading

import pytest
from flask import Flask
from sqlalchemy import event

from app.database import db, reading, transaction
from app.errors import EndpointPaused, NotFound
from app.ids import new_id
from app.webhooks import announcing, deliveries, endpoints
from app.webhooks.deliveries import LEASE, PAUSE_AFTER, WAITS
from app.webhooks.tables import Endpoint
from tests.app.webhooks.hooks import answered, change, claimed, endpoint, of_name, one, told, written
from tests.clock import Clock


@pytest.fixture
def clock(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def message(*names: str, count: int = 1) -> None:
    with transaction() as session:
        found = [one for one in session.query(Endpoint) if one.name in (names or ("shop",))]
        for _ in range(count):
            announcing.deliver(session, found, "job.completed", {"job": {}})


def test_a_message_is_due_at_once_and_claimed_once(clock: Clock):
    endpoint()
    message()
    claim = claimed()
    assert (claim.attempt, claim.url, len(claim.keys)) == (1, "https://hooks.example/darkroom", 1)
    assert deliveries.claim() is None


def test_many_who_claim_at_the_same_time_get_different_ones(clock: Clock, context: Flask):
    for number in range(4):
        endpoint(f"e{number}")
    message(*(f"e{number}" for number in range(4)))
    found, barrier = [], threading.Barrier(8)

    def claim() -> None:
        with context.app_context():
            barrier.wait()
            found.append(deliveries.claim())

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = [claim.delivery_id for claim in found if claim]
    assert len(ids) == len(set(ids)) == 4


def test_success_ends_it(clock: Clock):
    endpoint()
    message()
    assert deliveries.record(claimed(), answered(200, response="ok"))
    done = one()
    assert (done.state, done.attempts, done.finished_at, done.next_try_at) == ("succeeded", 1, clock.now, None)
    attempt = done.tries[0]
    assert (attempt.number, attempt.status, attempt.response, attempt.milliseconds) == (1, 200, "ok", 12)
    assert deliveries.claim() is None


@pytest.mark.parametrize("status", [None, 199, 300, 301, 400, 404, 429, 500, 503])
def test_what_is_no_success_is_tried_again(clock: Clock, status: int | None):
    endpoint()
    message()
    deliveries.record(claimed(), answered(status))
    assert one().state == "pending"
    assert deliveries.claim() is None
    clock.forward(seconds=6)
    assert claimed().attempt == 2


def test_it_is_tried_with_growing_waits_for_a_day_and_then_given_up(clock: Clock):
    endpoint()
    message()
    began, times = clock.now, []
    while one().state == "pending":
        times.append(clock.now)
        deliveries.record(claimed(), answered(500))
        clock.now = max(clock.now, one().next_try_at or clock.now)
    assert len(times) == len(WAITS) + 1
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert waits == sorted(waits)
    for wait, planned in zip(waits, WAITS, strict=True):
        assert planned * 0.9 <= wait <= planned * 1.1
    assert dt.timedelta(hours=20) < times[-1] - began < dt.timedelta(hours=28)
    assert (one().state, one().attempts, len(one().tries)) == ("failed", len(times), len(times))


def test_the_waits_of_two_that_failed_together_differ(clock: Clock):
    endpoint("a")
    endpoint("b")
    message("a", "b")
    for _ in range(2):
        deliveries.record(claimed(), answered(500))
    assert len({delivery.next_try_at for delivery in written()}) == 2


def test_what_a_lost_sender_had_is_due_again_when_its_lease_ends(clock: Clock):
    endpoint()
    message()
    lost = claimed()
    clock.forward(seconds=LEASE.total_seconds() - 1)
    assert deliveries.claim() is None
    clock.forward(seconds=1)
    again = claimed()
    assert (again.message_id, again.body, again.attempt) == (lost.message_id, lost.body, 2)
    assert "was lost" in str(one().tries[0].error)


def test_one_that_kills_its_senders_waits_as_after_other_failures_and_is_given_up(clock: Clock):
    endpoint()
    message()
    began, claims = clock.now, 0
    while one().state == "pending" and claims < 20:
        claims += deliveries.claim() is not None
        clock.now = max(clock.now, one().next_try_at or clock.now)
    assert claims == len(WAITS) + 1 == len(one().tries)
    assert dt.timedelta(hours=20) < clock.now - began < dt.timedelta(hours=28)
    assert (one().state, one().finished_at, one().lease_until) == ("failed", clock.now, None)


def test_what_a_lost_sender_had_is_sent_at_once_when_asked(clock: Clock):
    endpoint()
    message(count=2)
    for seconds in (61, 61):
        assert claimed()
        assert claimed()
        clock.forward(seconds=seconds)
    assert {claimed().failures for _ in range(2)} == {2}
    clock.forward(seconds=61)
    assert deliveries.claim() is None
    deliveries.redeliver(written()[0].id)
    assert claimed()
    endpoints.resume("shop")
    assert claimed()


def test_a_sender_that_lost_its_lease_changes_nothing(clock: Clock):
    endpoint()
    message()
    late = claimed()
    clock.forward(seconds=LEASE.total_seconds())
    again = claimed()
    assert not deliveries.record(late, answered(500))
    assert deliveries.record(again, answered(200))
    assert not deliveries.record(late, answered(500))
    assert (one().state, of_name().failing_since) == ("succeeded", None)


def test_an_attempt_is_recorded_once(clock: Clock):
    endpoint()
    message()
    claim = claimed()
    assert deliveries.record(claim, answered(500))
    assert not deliveries.record(claim, answered(200))
    assert (one().state, len(one().tries)) == ("pending", 1)


def test_an_endpoint_that_is_gone_gets_nothing_more(clock: Clock):
    endpoint()
    message(count=2)
    deliveries.record(claimed(), answered(410))
    found = of_name()
    assert (found.paused_because, found.paused_since) == ("gone", clock.now)
    assert sorted(delivery.state for delivery in written()) == ["failed", "pending"]
    clock.forward(days=2)
    assert deliveries.claim() is None


def test_an_endpoint_that_asks_to_wait_is_left_alone_with_all_of_its_messages(clock: Clock):
    endpoint()
    message(count=2)
    deliveries.record(claimed(), answered(429, hold=dt.timedelta(minutes=7)))
    clock.forward(minutes=6)
    assert deliveries.claim() is None
    clock.forward(minutes=1)
    deliveries.record(claimed(), answered(200))
    assert claimed()


def test_an_endpoint_that_fails_for_days_is_paused_and_says_so(clock: Clock):
    endpoint()
    message()
    deliveries.record(claimed(), answered(500))
    since = of_name().failing_since
    clock.forward(seconds=PAUSE_AFTER.total_seconds() - 1)
    deliveries.record(claimed(), answered(500))
    assert of_name().paused_since is None
    clock.forward(minutes=10)
    deliveries.record(claimed(), answered(None))
    found = of_name()
    assert (found.failing_since, found.paused_because, found.paused_since) == (since, "failing", clock.now)


def test_a_success_in_between_keeps_it_from_being_paused(clock: Clock):
    endpoint()
    message(count=2)
    deliveries.record(claimed(), answered(500))
    clock.forward(days=2)
    deliveries.record(claimed(), answered(200))
    assert of_name().failing_since is None
    clock.forward(days=2)
    deliveries.record(claimed(), answered(500))
    assert (of_name().failing_since, of_name().paused_since) == (clock.now, None)


def test_a_paused_endpoint_gets_what_waited_when_it_is_resumed(clock: Clock):
    endpoint()
    endpoints.pause("shop")
    message(count=3)
    assert deliveries.claim() is None
    endpoints.resume("shop")
    assert {claimed().attempt for _ in range(3)} == {1}


def test_resuming_forgets_the_failures_and_does_not_wait(clock: Clock):
    endpoint()
    message()
    deliveries.record(claimed(), answered(503, hold=dt.timedelta(hours=3)))
    endpoints.pause("shop")
    found = endpoints.resume("shop")
    assert (found.failing_since, found.hold_until, found.paused_because) == (None, None, None)
    assert claimed().attempt == 2


def test_an_endpoint_that_fails_gets_one_message_at_a_time(clock: Clock):
    endpoint()
    message(count=3)
    deliveries.record(claimed(), answered(500))
    assert claimed()
    assert deliveries.claim() is None


def test_an_endpoint_that_takes_long_leaves_senders_for_others(clock: Clock):
    endpoint("slow")
    endpoint("other")
    message("slow", count=20)
    while deliveries.claim():
        pass
    message("other")
    assert claimed()
    assert len([delivery for delivery in written() if delivery.lease_until]) == 5


def test_an_endpoint_that_fails_comes_after_all_others_or_not_at_all(clock: Clock):
    names = [f"e{number}" for number in range(6)]
    for name in names:
        endpoint(name)
    message(*names)
    for _ in range(3):
        deliveries.record(claimed(), answered(500))
    clock.forward(seconds=10)
    assert {claimed().failures for _ in range(3)} == {0}
    assert deliveries.claim(failing_too=False) is None
    assert {claimed().failures for _ in range(3)} == {1}


def test_the_next_delivery_is_found_without_sorting(clock: Clock):
    endpoint()
    asked: list[tuple[str, object]] = []
    engine = db.engines["read"]
    event.listen(engine, "before_cursor_execute", lambda _c, _k, sql, values, *_: asked.append((sql, values)))
    deliveries.is_anything_due()
    sql, values = asked[-1]
    with reading() as session:
        plan = [row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any("ix_webhook_deliveries_due" in step for step in plan)
    assert not [step for step in plan if "TEMP B-TREE" in step]


def test_resuming_keeps_the_order_of_what_is_due(clock: Clock):
    endpoint()
    endpoints.pause("shop")
    times = []
    for _ in range(2):
        message()
        times.append(clock.now)
        clock.forward(minutes=1)
    endpoints.resume("shop")
    assert [delivery.next_try_at for delivery in written()] == times


def test_another_url_is_not_judged_by_what_the_old_one_did(clock: Clock):
    endpoint()
    message()
    deliveries.record(claimed(), answered(503, hold=dt.timedelta(hours=24)))
    endpoints.change("shop", lambda _: None, url=of_name().url, description="the same one")
    assert of_name().hold_until
    endpoints.change("shop", lambda _: None, url="https://other.example/")
    assert (of_name().hold_until, of_name().failing_since) == (None, None)
    clock.forward(seconds=10)
    claim = claimed()
    endpoints.change("shop", lambda _: None, url="https://third.example/")
    assert deliveries.record(claim, answered(410))
    assert (of_name().paused_because, of_name().failing_since) == (None, None)


@pytest.mark.parametrize("status", [200, 410])
def test_what_has_ended_is_sent_again_under_its_old_id(clock: Clock, status: int):
    endpoint()
    message()
    first = claimed()
    deliveries.record(first, answered(status))
    endpoints.resume("shop")
    deliveries.redeliver(first.delivery_id)
    again = claimed()
    assert (again.message_id, again.attempt, again.failures) == (first.message_id, 2, 0)
    deliveries.record(again, answered(200))
    assert [attempt.status for attempt in one().tries] == [status, 200]


def test_what_waits_for_its_next_try_is_sent_at_once_when_asked(clock: Clock):
    endpoint()
    message()
    first = claimed()
    deliveries.record(first, answered(500))
    deliveries.redeliver(first.delivery_id)
    assert claimed().attempt == 2


def test_what_is_being_sent_is_left_alone(clock: Clock):
    endpoint()
    message()
    claim = claimed()
    deliveries.redeliver(claim.delivery_id)
    assert deliveries.claim() is None
    assert deliveries.record(claim, answered(200))


def test_nothing_is_sent_to_a_paused_endpoint_by_hand(clock: Clock):
    endpoint()
    message()
    endpoints.pause("shop")
    with pytest.raises(EndpointPaused):
        deliveries.redeliver(one().id)
    with pytest.raises(EndpointPaused):
        endpoints.ping("shop")
    with pytest.raises(NotFound):
        deliveries.redeliver(new_id())


def test_an_endpoint_that_is_deleted_takes_its_deliveries_along(clock: Clock):
    endpoint()
    message(count=2)
    claim = claimed()
    deliveries.record(claim, answered(500))
    clock.forward(seconds=10)
    late = claimed()
    endpoints.remove("shop")
    assert told() == []
    assert not deliveries.record(late, answered(200))


def test_what_is_older_than_a_month_is_forgotten(clock: Clock):
    endpoint()
    message(count=2)
    deliveries.record(claimed(), answered(200))
    clock.forward(days=30)
    message()
    assert deliveries.forget(clock.now) == 0
    clock.forward(seconds=1)
    assert deliveries.forget(clock.now) == 2
    assert len(written()) == 1


def test_a_change_past_the_rules_is_refused_by_the_database(clock: Clock):
    endpoint()
    message()
    for values in ({"state": "lost"}, {"state": "failed"}, {"next_try_at": None}, {"finished_at": clock.now}):
        with pytest.raises(Exception, match=r"CHECK|lost"):
            change(**values)
