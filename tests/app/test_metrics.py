"""What `GET /metrics` tells: counted once, never less, and for the same price however much there was."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client import openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parsed_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy import Engine, event, select

from app import assets, items, jobs, totals
from app.database import db, transaction, utc_now
from app.imaging.effort import Effort
from app.metrics import METRICS
from app.models import Job, Lane, ProcessKind, Total
from app.processes import Presence
from app.storage import Store
from reference import metrics as reference
from tests.clock import Clock
from tests.factories import DAMAGED, PATIENCE, SOURCE, claimed, output, photo, received, submitted, succeed

Scrape = Callable[[], dict[str, float]]


@pytest.fixture
def clock(context: Flask, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def scrape(client: FlaskClient) -> Scrape:
    """Every sample, as `name` or `name{label}`."""

    def read() -> dict[str, float]:
        answer = client.get("/metrics")
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
        samples = [sample for family in parsed(answer.text) for sample in family.samples]
        return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in samples}

    return read


def changed(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {
        name.removeprefix("darkroom_"): after[name] - value for name, value in before.items()
        if after[name] != value and "seconds" not in name
    }  # fmt: skip


@contextmanager
def statements() -> Iterator[list[tuple[str, object]]]:
    """What is sent to the database meanwhile."""
    sent: list[tuple[str, object]] = []

    def note(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_a_fresh_one_begins_at_zero(context, scrape: Scrape):
    assert set(scrape().values()) == {0}


def test_the_way_of_a_job_is_counted(context, scrape: Scrape, store: Store):
    before = scrape()
    job = submitted(store, "a.jpg", "b.jpg", "c.jpg", "d.jpg", lane=Lane.BULK)
    accepted = scrape()
    assert changed(before, accepted) == {
        "jobs_accepted_total": 1, "items_accepted_total": 4, "input_bytes_total": 4 * len(photo()),
        "items_waiting bulk": 4,
    }  # fmt: skip
    good, bad, *_ = (claimed(due.id) for due in job.due[:3])
    assert changed(accepted, scrape()) == {"items_waiting bulk": -3, "items_running bulk": 3}
    made, found = output(good, "made"), output(good, "found")
    made.bytes, found.reused = 7, True
    assert items.succeed(good, SOURCE, [made, found], {}, lambda _: True, effort=Effort(1, 2, 3))
    assert items.fail(bad, DAMAGED, PATIENCE)
    jobs.cancel(job.job.id)
    assert changed(accepted, scrape()) == {
        "items_waiting bulk": -4, "items_ended_total succeeded": 1, "items_ended_total failed": 1,
        "items_ended_total canceled": 2, "outputs_total made": 1, "outputs_total reused": 1, "output_bytes_total": 7,
        "decodes_total": 1, "steps_total done": 2, "steps_total reused": 3,
    }  # fmt: skip


def test_bytes_are_counted_when_they_come_in_and_not_again_with_every_job_of_them(
    context, scrape: Scrape, store: Store
):
    before = scrape()
    [asset] = assets.keep([received(store)], store.has)
    kept = scrape()
    assert changed(before, kept) == {"input_bytes_total": len(photo())}
    jobs.submit([], store.has, assets=[asset.id])
    assert "input_bytes_total" not in changed(kept, scrape())


def test_deleting_a_job_takes_nothing_away(context, scrape: Scrape, store: Store):
    job = submitted(store)
    claim = claimed(job.due[0].id)
    assert succeed(claim, output(claim))
    before = scrape()
    jobs.remove(job.job.id)
    assert changed(before, scrape()) == {}


def test_what_is_tried_again_ends_again(context, scrape: Scrape, store: Store):
    job = submitted(store)
    assert items.fail(claimed(job.due[0].id), DAMAGED, PATIENCE)
    before = scrape()
    jobs.retry(job.job.id)
    assert changed(before, scrape()) == {"items_waiting interactive": 1}
    assert items.fail(claimed(job.due[0].id), DAMAGED, PATIENCE)
    assert changed(before, scrape()) == {"items_ended_total failed": 1}


def test_what_is_not_committed_is_not_counted(context, scrape: Scrape, store: Store):
    job = submitted(store)
    claim = claimed(job.due[0].id)
    before = scrape()
    with pytest.raises(Exception, match="removed"):
        items.succeed(claim, SOURCE, [output(claim)], {}, lambda _: False)
    assert jobs.cancel(job.job.id).running == 1
    assert not succeed(claim, output(claim)), "the lease is lost"
    assert changed(before, scrape()) == {"items_running interactive": -1, "items_ended_total canceled": 1}


def test_the_oldest_wait_is_that_of_what_still_waits(context, scrape: Scrape, store: Store):
    first, second = (submitted(store, lane=Lane.BULK) for _ in range(2))
    with transaction() as session:
        for job, seconds in ((first.job, 500), (second.job, 300)):
            session.get_one(Job, job.id).created_at = utc_now() - dt.timedelta(seconds=seconds)
    assert scrape()["darkroom_oldest_wait_seconds bulk"] == pytest.approx(500, abs=60)
    claimed(first.due[0].id)
    assert scrape()["darkroom_oldest_wait_seconds bulk"] == pytest.approx(300, abs=60)
    assert scrape()["darkroom_oldest_wait_seconds interactive"] == 0


def test_workers_and_dispatchers_are_counted_while_they_live(clock: Clock, context, app, scrape: Scrape):
    before = scrape()
    for kind, concurrency in ((ProcessKind.WORKER, 4), (ProcessKind.WORKER, 3), (ProcessKind.DISPATCHER, 1)):
        Presence(app.config["SQLALCHEMY_DATABASE_URI"], kind, "a", concurrency).beat()
    assert changed(before, scrape()) == {"workers": 2, "worker_processes": 7, "dispatchers": 1}
    clock.forward(minutes=1)
    assert changed(before, scrape()) == {}


def test_it_speaks_openmetrics_to_whoever_asks_for_it(context, client: FlaskClient):
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.mimetype == openmetrics.exposition.CONTENT_TYPE_LATEST.partition(";")[0]
    names = {family.name for family in parsed_openmetrics(answer.text)}
    assert names == {metric.name.removesuffix("_total") for metric in METRICS}


def test_all_that_is_told_is_documented(context, scrape: Scrape):
    told = {name.partition(" ")[0] for name in scrape()}
    assert told == {metric.name for metric in METRICS}
    assert told == set(re.findall(r"^\| `(\w+)`", reference.page(), re.MULTILINE))


def test_a_scrape_costs_the_same_however_much_has_ended(context, scrape: Scrape, store: Store):
    """Nothing is read from end to end but tables that stay small."""
    for _ in range(3):
        submitted(store, "a.jpg", "b.jpg")
    with statements() as sent:
        scrape()
    queries = [(text, values) for text, values in sent if text.startswith("SELECT")]
    assert queries
    with db.engine.connect() as connection:
        for query, values in queries:
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)]
            scanned = {step for step in steps if step.startswith("SCAN") and step.split()[1] not in SMALL}
            assert not scanned, query


SMALL = ("totals", "processes")


def test_a_counter_is_the_last_that_a_transaction_changes_and_only_one(context, store: Store):
    """So nobody who holds one waits for another."""
    with statements() as submitting:
        job = submitted(store)
    claim = claimed(job.due[0].id)
    with statements() as ending:
        assert succeed(claim, output(claim))
    for sent in (submitting, ending):
        counting = [at for at, (text, _) in enumerate(sent) if text.startswith("UPDATE totals")]
        assert counting == [len(sent) - 1]


def test_the_counting_is_shared_by_several_rows(context):
    for _ in range(200):
        with transaction() as session:
            totals.count(session, decodes=1)
    with transaction() as session:
        each = session.scalars(select(Total.decodes)).all()
        assert totals.read(session)["decodes"] == sum(each) == 200
    assert len(each) == totals.SHARDS
    assert min(each) > 0


def test_the_page_is_where_the_readme_says():
    assert "docs/metrics.md" in Path("README.md").read_text(encoding="utf-8")
