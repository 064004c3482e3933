"""`flask doctor`: each part's finding, and whether a person is needed.

Kombu's own transport in memory stands in for the broker, but for the tests of a broker that is dead; RabbitMQ itself is
asked in tests/integration/test_doctor.py.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from kombu import Connection

from app import dispatch, doctor, items, jobs, lanes, recipes
from app.admission import Admission
from app.broker import make_celery
from app.database import db, utc_now
from app.doctor import BAD, NOTE, OK
from app.errors import Retry
from app.items import Failure, Patience
from app.models import Lane, ProcessKind
from app.services import Services
from app.settings import PROJECT_ROOT
from app.storage import Store
from app.webhooks import deliveries, endpoints
from tests import rows
from tests.app.test_waiting import see
from tests.app.webhooks import hooks
from tests.app.webhooks.hooks import answered, endpoint
from tests.conftest import NO_BROKER
from tests.factories import LEASE, PATIENCE, claimed, submitted

MINUTES = dt.timedelta(minutes=3)


@pytest.fixture
def services(context: Flask) -> Iterator[Services]:
    """A Darkroom in which everything works."""
    celery = make_celery("memory://", item_timeout_seconds=60)
    with Connection("memory://") as connection, connection.channel() as channel:
        for queue in ("darkroom.interactive", "darkroom.bulk", "darkroom.dead"):
            channel.queue_declare(queue)
        see(ProcessKind.WORKER)
        see(ProcessKind.DISPATCHER)
        yield dataclasses.replace(context.extensions["darkroom"], celery=celery)
        for queue in ("darkroom.interactive", "darkroom.bulk", "darkroom.dead"):
            channel.queue_delete(queue)


def findings(services: Services, part: str) -> list[tuple[str, str]]:
    db.session.remove()
    return [(found.verdict, found.sentence) for found in doctor.examine(services) if found.part == part]


def only(services: Services, part: str, verdict: str) -> str:
    """The one sentence of this verdict about the part."""
    [sentence] = [sentence for found, sentence in findings(services, part) if found == verdict]
    return sentence


def test_where_everything_works_nobody_is_needed(services: Services):
    found = doctor.examine(services)
    assert {finding.verdict for finding in found} == {OK}
    assert {finding.part for finding in found} == {"database", "workers", "dispatchers", "items", "broker", "disk"}
    assert only(services, "items", OK) == "nothing waits or runs."


@pytest.mark.parametrize("kind", ProcessKind)
def test_processes_of_which_none_is_alive(services: Services, kind: ProcessKind):
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM processes WHERE kind = ?", (kind.value,))
    see(kind, ago=MINUTES)
    assert f"make logs s={kind}" in only(services, f"{kind}s", BAD)


def test_a_paused_lane_is_only_noted(services: Services):
    lanes.pause(Lane.BULK)
    assert "make resume lane=bulk" in only(services, "lanes", NOTE)


def test_items_are_counted_by_lane_and_state(services: Services, store: Store):
    submitted(store, "a.jpg", "b.jpg")
    claimed(submitted(store, lane=Lane.BULK).due[0].id)
    assert only(services, "items", OK) == "1 running in bulk, 2 pending in interactive."


def test_items_that_are_overdue(services: Services, store: Store):
    """Neither published nor taken back in all that time: there is no dispatcher, or it can not do it."""
    submitted(store, "a.jpg", "b.jpg", "c.jpg")
    rows.change(dispatch_after=utc_now() - MINUTES)
    claimed(submitted(store).due[0].id, lease=-MINUTES)
    assert "4 are overdue by more than 0:02:00: see the dispatcher's log" in only(services, "items", BAD)


def test_items_that_wait_long_in_a_queue_are_not_overdue(services: Services, store: Store):
    """They are published again only once their message is known to be lost."""
    dispatch.mark_published(submitted(store).due, utc_now())
    rows.change(dispatch_after=utc_now() - MINUTES)
    assert [verdict for verdict, _ in findings(services, "items")] == [OK]
    rows.change(dispatch_after=utc_now() - dispatch.LONG_QUEUED - MINUTES)
    assert "1 are overdue" in only(services, "items", BAD)


def test_items_of_a_paused_lane_are_not_overdue(services: Services, store: Store):
    submitted(store)
    rows.change(dispatch_after=utc_now() - MINUTES)
    lanes.pause(Lane.INTERACTIVE)
    assert [verdict for verdict, _ in findings(services, "items")] == [OK]


def test_items_that_back_off_are_only_noted(services: Services, store: Store):
    trouble = Failure("storage-full", "Full.", Retry.PATIENT)
    assert items.fail(claimed(submitted(store).due[0].id), trouble, PATIENCE)
    assert "1 met storage-full and are tried again" in only(services, "items", NOTE)


def test_quarantined_items_need_a_person_until_somebody_acts(services: Services, store: Store):
    submission = submitted(store)
    crash = Failure("crashed", "It crashed.", Retry.COUNTED)
    assert items.fail(claimed(submission.due[0].id), crash, Patience(1, 0, LEASE))
    assert only(services, "items", BAD).startswith("1 are quarantined, the last one ")
    jobs.remove(submission.job.id)
    assert [verdict for verdict, _ in findings(services, "items")] == [OK]


def test_a_broker_that_is_away(services: Services):
    celery = make_celery(NO_BROKER, item_timeout_seconds=60)
    dead = dataclasses.replace(services, celery=celery)
    found = doctor.examine(dead)
    assert [
        finding.sentence for finding in found if finding.part == "broker" and "Connection refused" in finding.sentence
    ]
    assert {(finding.part == "broker", finding.verdict) for finding in found} == {(True, BAD), (False, OK)}


def test_messages_are_compared_with_the_rows(services: Services, store: Store):
    submission = submitted(store)
    assert (OK, "darkroom.interactive: 0 messages for 0 queued items.") in findings(services, "broker")
    dispatch.mark_published(submission.due, utc_now())
    [found] = [text for _, text in findings(services, "broker") if "interactive" in text]
    assert found.startswith("darkroom.interactive: 0 messages for 1 queued items. The missing ones are published again")


def test_an_endpoint_that_needs_a_person(services: Services):
    endpoint("well")
    endpoint("paused")
    endpoints.pause("paused")
    endpoint("failing")
    endpoints.ping("failing")
    deliveries.record(hooks.claimed(), answered(500))
    endpoint("gone")
    endpoints.ping("gone")
    deliveries.record(hooks.claimed(), answered(410))
    found = dict(reversed(one) for one in findings(services, "webhooks"))
    assert found == {
        "failing has taken nothing for 0 s; 1 messages wait for it.": NOTE,
        "gone is paused for 0 s, because it answered 410 Gone: delete it, or resume it once it is back; 0 messages wait"
        " for it.": BAD,
        "paused is paused for 0 s; 0 messages wait for it.": NOTE,
        "well: 0 messages wait for it.": OK,
    }


def test_a_recipe_that_notifies_an_endpoint_that_is_gone(services: Services):
    endpoint("shop")
    recipes.save(recipes.parse({
        "schema": 1, "name": "mine", "outputs": {"out": {"formats": ["jpeg"]}}, "notify": [{"endpoint": "shop"}],
    }))  # fmt: skip
    assert findings(services, "webhooks") == [(OK, "shop: 0 messages wait for it.")]
    endpoints.remove("shop")
    endpoint("shops", all_jobs=False)
    assert only(services, "webhooks", BAD) == (
        "recipe mine, notify.0.endpoint: there is no webhook endpoint 'shop'; did you mean shops?"
    )


def test_a_disk_without_room(services: Services, store: Store):
    full = dataclasses.replace(services, admission=Admission(store, 10, min_free_bytes=10**18))
    assert "MIN_FREE_BYTES" in only(full, "disk", BAD)


def test_a_media_folder_that_can_not_be_written(services: Services, tmp_path: Path):
    (tmp_path / "file").touch()
    broken = dataclasses.replace(services, admission=Admission(Store(tmp_path / "file"), 10, 0))
    assert "Not a directory" in only(broken, "disk", BAD)


def test_a_database_at_another_migration(services: Services):
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    head = ScriptDirectory(str(PROJECT_ROOT / "migrations")).get_current_head()
    assert only(services, "database", BAD) == f"it is at migration 0001, the code at {head}; run `make migrate`."
    parts = {finding.part for finding in doctor.examine(services)}
    assert parts == {"database", "broker", "disk"}, "what the code would read there says nothing"


def test_a_database_that_is_broken_keeps_nobody_from_looking_at_the_rest(services: Services):
    with db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO gone")
    assert "does not answer as it should (no such table: jobs)" in only(services, "database", BAD)
    assert findings(services, "broker")[0][0] == findings(services, "disk")[0][0] == OK
