"""PostgreSQL and MySQL in containers: the same migrations, the same use cases."""

import datetime as dt
import io
import os
import random
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import create_engine, select
from sqlalchemy.exc import OperationalError

from app import (
    create_app,
    dispatch,
    doctor,
    expiry,
    idempotency,
    items,
    jobs,
    lanes,
    listings,
    machine,
    processes,
    recipes,
    reuse,
    totals,
)
from app.collection import remove_unnamed
from app.database import Base, db, transaction, utc_now
from app.dispatch import Due
from app.errors import FilesCollected, InvalidEndpoint, NothingToRetry, Retry
from app.items import Failure
from app.listings import Cursor
from app.models import Asset, Event, Item, Job, JobState, Lane, Output, ProcessKind
from app.processes import Presence
from app.settings import load
from app.steps import StepCache
from app.storage import Store
from app.uploads import RemoteFile
from app.webhooks import deliveries, endpoints
from app.webhooks.deliveries import Outcome
from app.webhooks.events import EventType
from app.webhooks.tables import Endpoint
from tasks.periodic import run_due, schedule
from tests.conftest import close_database, environment
from tests.factories import DAMAGED, LEASE, PATIENCE, SOURCE, claimed, output, photo, received, submitted
from tests.waiting import wait_until

T = TypeVar("T")

DATABASES = {
    "postgres:17": ("postgresql://postgres:test@{}/postgres", 5432, {"POSTGRES_PASSWORD": "test"}),
    "mariadb:11": (
        "mysql://darkroom:test@{}/darkroom",
        3306,
        {
            "MARIADB_ROOT_PASSWORD": "test",
            "MARIADB_DATABASE": "darkroom",
            "MARIADB_USER": "darkroom",
            "MARIADB_PASSWORD": "test",
        },
    ),
}


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def answers(url: str) -> bool:
    engine = create_engine(load(environment(Path("/nowhere"), DATABASE_URL=url)).database_url)
    try:
        engine.connect().close()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    url, port, variables = DATABASES[request.param]
    options = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    container = docker("run", "--rm", "-d", *options, "-p", f"127.0.0.1::{port}", request.param)
    try:
        address = docker("port", container, f"{port}/tcp").splitlines()[0]
        wait_until(lambda: answers(url.format(address)), 60, f"{request.param} answers")
        yield url.format(address)
    finally:
        docker("rm", "-f", "-v", container)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(load(environment(tmp_path, DATABASE_URL=database_url)))
    with app.app_context():
        flask_migrate.upgrade()
        yield app
        db.session.remove()
        flask_migrate.downgrade(revision="base")
    close_database(app)


def due(now: dt.datetime) -> int:
    db.session.remove()
    return sum(len(dispatch.due(db.session(), lane, state, now, 100)) for lane in Lane for state in machine.WAITING)


def look(job_id: UUID) -> Job:
    db.session.remove()
    return jobs.get(job_id)


def test_the_way_of_a_job(app: Flask):
    """One test, because a database in a container takes its time: every statement of the engine once."""
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    store: Store = app.extensions["darkroom"].store
    submission = submitted(store, *[f"{n}.jpg" for n in range(7)])
    job_id, waiting = submission.job.id, submission.due
    dispatch.mark_published(waiting, utc_now())

    good, bad, slow, lost, killed = (claimed(each.id) for each in waiting[:5])
    assert items.claim(good.item_id, "nobody", "another worker", LEASE) is None
    assert items.renew(good, LEASE)
    assert items.is_held(good)
    assert items.succeed(good, SOURCE, [output(good, sha256=good.sha256)], {"dominant_color": "#000000"}, store.has)
    assert items.fail(bad, DAMAGED, PATIENCE)
    assert items.fail(slow, Failure("storage-full", "2.jpg: no room", Retry.PATIENT), PATIENCE)
    assert items.hand_back(lost)
    assert items.fail(killed, Failure("crashed", "4.jpg: it was killed", Retry.COUNTED), PATIENCE)
    assert items.claim(slow.item_id, "nobody", "worker", LEASE) is None, "it backs off"

    claimed(waiting[3].id, lease=-LEASE)
    [gone] = [attempt for attempt in dispatch.running(db.session()) if attempt.item_id == waiting[3].id]
    db.session.remove()
    assert dispatch.take_back(gone, PATIENCE)
    assert lanes.pause(Lane.INTERACTIVE)
    assert items.claim(waiting[5].id, "nobody", "worker", LEASE) is None, "the lane is paused"
    later = utc_now() + 2 * LEASE
    assert due(later) == 0
    assert lanes.resume(Lane.INTERACTIVE)
    assert due(later) == 5

    claimed(waiting[5].id)
    assert jobs.cancel(job_id) == jobs.Cancellation(waiting=4, running=1, ended=2)
    job = look(job_id)
    assert (job.state, job.succeeded, job.failed, job.canceled) == (JobState.CANCELED, 1, 1, 5)
    assert job.items[0].data == {"dominant_color": "#000000"}
    assert [event.kind for event in job.items[4].events] == ["queued", "claimed", "interrupted", "canceled"]
    assert app.test_client().get(f"/jobs/{job_id}").status_code == 200
    assert 'darkroom_items_ended_total{state="canceled"} 5.0' in app.test_client().get("/metrics").text
    assert [again.id for again in jobs.retry(job_id)] == [bad.item_id]
    assert claimed(waiting[1].id).attempt == 2

    doctor.examine(app.extensions["darkroom"])
    presence = Presence(app.config["SQLALCHEMY_DATABASE_URI"], ProcessKind.WORKER, "worker")
    presence.beat()
    presence.beat()
    assert len(processes.alive(db.session(), ProcessKind.WORKER, utc_now())) == 1
    presence.end()
    db.session.remove()

    assert remove_unnamed(store, [good.sha256]) == 0
    assert remove_unnamed(store, jobs.remove(job_id)) == 1
    with transaction() as session:
        assert [session.query(table).count() for table in (Job, Item, Output, Asset, Event)] == [0] * 5
    run_due(schedule(store, StepCache(store.path("0").parent.parent, 0, store.has)))


def test_the_way_of_a_recipe_and_of_what_is_collected(app: Flask):
    """Saved, asked for by name, reused, collected again where a file is tried again, and expired."""
    store: Store = app.extensions["darkroom"].store
    document = {
        "schema": 1, "name": "sheets",
        "outputs": {"z": {"formats": ["jpeg"]}, "a": {"formats": ["webp"]}},
        "collect": {"sheet": {"op": "contact_sheet", "from": ["z-jpeg"]}}, "results": {"expire_after": "1m"},
    }  # fmt: skip
    recipes.save(recipes.parse(document))
    recipe = recipes.asked_for("sheets@1")
    assert recipe.output_names == ("z-jpeg", "a-webp"), "outputs have an order"
    submission = jobs.submit([received(store, f"{n}.jpg") for n in range(2)], store.has, recipe=recipe)
    sheet = submission.job.items[-1].id
    first, second = (claimed(waiting.id) for waiting in submission.due)
    made = output(first, "z-jpeg", sha256=first.sha256)
    made.key = "k" * 64
    assert items.succeed(first, SOURCE, [made], {"dominant_color": "#000000"}, store.has, "i" * 64)
    assert reuse.whole("i" * 64, store.has)
    assert items.claim(sheet, "nobody", "worker", LEASE) is None, "a file is open"
    assert items.fail(second, DAMAGED, PATIENCE)
    assert due(utc_now()) == 1
    collecting = claimed(sheet)
    assert [row.item.name for row in jobs.collectable(submission.job.id, ["z-jpeg"])] == ["0.jpg"]
    assert set(reuse.single(["k" * 64], store.has)) == {"k" * 64}
    known = reuse.facts(str(first.sha256))
    assert known
    assert known.width == SOURCE["width"]
    assert reuse.data_of(made) == {"dominant_color": "#000000"}
    assert [waiting.id for waiting in jobs.retry(submission.job.id)] == [second.item_id]
    assert not items.succeed(collecting, {}, [output(collecting, "sheet", sha256=first.sha256)], {}, store.has)
    again = claimed(second.item_id)
    assert items.succeed(again, SOURCE, [output(again, "z-jpeg", sha256=first.sha256)], {}, store.has)
    last = claimed(sheet)
    assert items.succeed(last, {}, [output(last, "sheet", sha256=first.sha256)], {}, store.has)
    job = look(submission.job.id)
    assert (job.state, job.succeeded, job.variables) == (JobState.SUCCEEDED, 3, {})
    assert expiry.delete_expired(store, utc_now()) == 0
    assert expiry.delete_expired(store, utc_now() + dt.timedelta(minutes=2)) == 1


def test_who_names_files_and_who_removes_them_take_turns(app: Flask, monkeypatch: pytest.MonkeyPatch):
    """Whoever is first holds the other up until its transaction has ended; then the other one looks again."""
    store: Store = app.extensions["darkroom"].store
    first_has_begun, first_may_end = threading.Event(), threading.Event()

    def in_context(act: Callable[..., T], *arguments: object) -> T:
        with app.app_context():
            return act(*arguments)

    def in_the_middle(act: Callable[..., T], *arguments: object) -> T:
        first_has_begun.set()
        assert first_may_end.wait(30)
        return act(*arguments)

    def take_turns(first: tuple[object, ...], second: tuple[object, ...]) -> tuple[Future[Any], Future[Any]]:
        first_has_begun.clear()
        first_may_end.clear()
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(in_context, *first)
            assert first_has_begun.wait(30)
            other = pool.submit(in_context, *second)
            with pytest.raises(FutureTimeout):
                other.result(2)
            first_may_end.set()
        return one, other

    file = received(store)
    removal = remove_unnamed, store, [file.stored.sha256]
    named, removed = take_turns((jobs.submit, [file], lambda sha256: in_the_middle(store.has, sha256)), removal)
    assert named.result().job.total == 1
    assert (removed.result(), store.has(file.stored.sha256)) == (0, True)
    jobs.remove(named.result().job.id)

    remove = Store.remove
    monkeypatch.setattr(Store, "remove", lambda *arguments: in_the_middle(remove, *arguments))
    removed, named = take_turns(removal, (jobs.submit, [file], store.has))
    assert (removed.result(), store.has(file.stored.sha256)) == (1, False)
    with pytest.raises(FilesCollected):
        named.result()


def test_cancel_and_delete_meet_workers_and_a_dispatcher_without_a_deadlock(app: Flask):
    store: Store = app.extensions["darkroom"].store
    for act in (jobs.cancel, jobs.remove) * 5:
        submission = submitted(store, *[f"{n}.jpg" for n in range(60)])
        together = threading.Barrier(6)

        def publish(due: list[Due], together: threading.Barrier = together) -> None:
            together.wait(10)
            with app.app_context():
                dispatch.mark_published(due, utc_now())
                lanes.make_due(Lane.INTERACTIVE)

        def work(part: list[Due], together: threading.Barrier = together) -> None:
            together.wait(10)
            for waiting in part:
                with app.app_context():
                    claim = items.claim(waiting.id, "nobody", "worker", LEASE)
                    if claim:
                        items.succeed(claim, SOURCE, [output(claim, sha256=claim.sha256)], {}, store.has)

        with ThreadPoolExecutor(5) as pool:
            workers = [pool.submit(work, submission.due[40 + start :: 4]) for start in range(4)]
            workers.append(pool.submit(publish, submission.due))
            together.wait(10)
            act(submission.job.id)
            for worker in workers:
                worker.result()
        with transaction() as session:
            job = session.get(Job, submission.job.id)
            assert job is None or job.ended == job.total


def test_files_that_fail_at_once_stop_their_job_without_a_deadlock(app: Flask):
    store: Store = app.extensions["darkroom"].store
    recipe = recipes.parse({
        "schema": 1, "name": "strict", "version": 1,
        "outputs": {"a": {"formats": ["jpeg"]}}, "run": {"on_error": "cancel"},
    })  # fmt: skip
    file = received(store)
    for _ in range(10):
        submission = jobs.submit([file] * 8, store.has, recipe=recipe)
        claims = [claimed(waiting.id) for waiting in submission.due]
        together = threading.Barrier(8)

        def end(claim: items.Claim, together: threading.Barrier = together) -> bool:
            together.wait(10)
            with app.app_context():
                return items.fail(claim, DAMAGED, PATIENCE)

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(end, claims)) == 1
        job = look(submission.job.id)
        assert (job.state, job.failed, job.canceled) == (JobState.CANCELED, 1, 7)


def test_whoever_counts_waits_for_nobody_and_nothing_is_lost(app: Flask, monkeypatch: pytest.MonkeyPatch):
    """Jobs come, end and stop while files are collected, and all that is counted is counted in one row."""
    monkeypatch.setattr(totals, "SHARDS", 1)
    store: Store = app.extensions["darkroom"].store
    strict = recipes.parse({
        "schema": 1, "name": "strict", "version": 1,
        "outputs": {"a": {"formats": ["jpeg"]}}, "run": {"on_error": "cancel"},
    })  # fmt: skip
    file, together, over = received(store), threading.Barrier(8), threading.Event()

    def work(succeeds: bool) -> None:
        together.wait(30)
        for _ in range(25):
            with app.app_context():
                [first, *_] = jobs.submit([file] * 3, store.has, recipe=strict).due
                claim = claimed(first.id)
                if succeeds:
                    assert items.succeed(claim, SOURCE, [output(claim, sha256=claim.sha256)], {}, store.has)
                    jobs.cancel(claim.job_id)
                else:
                    assert items.fail(claim, DAMAGED, PATIENCE)

    def collect() -> None:
        together.wait(30)
        with app.app_context():
            while not over.is_set():
                remove_unnamed(store, [received(store, content=os.urandom(20)).stored.sha256])

    with ThreadPoolExecutor(8) as pool:
        collecting = [pool.submit(collect) for _ in range(2)]
        try:
            for working in [pool.submit(work, at % 2 == 0) for at in range(6)]:
                working.result(90)
        finally:
            over.set()
        for each in collecting:
            each.result(30)
    with transaction() as session:
        counted = totals.read(session)
    assert counted["jobs_accepted"] == 150
    assert [counted[f"items_{state}"] for state in ("succeeded", "failed", "canceled")] == [75, 75, 300]
    assert counted["outputs_made"] == 75


def test_the_way_of_a_webhook(app: Flask):
    """Every statement about endpoints and deliveries once."""
    store: Store = app.extensions["darkroom"].store
    endpoints.create("shop", "https://hooks.example/", lambda _: None, kinds=list(EventType))
    with pytest.raises(InvalidEndpoint):
        endpoints.create("shop", "https://hooks.example/", lambda _: None)
    submission = submitted(store, "a.jpg")
    assert items.fail(claimed(submission.due[0].id), DAMAGED, PATIENCE)
    first = endpoints.ping("shop")
    cursors = Cursor(2), Cursor(9, before=first.id), Cursor(9, after=first.id)
    assert [len(listings.deliveries(endpoints.get("shop").id, cursor).rows) for cursor in cursors] == [2, 2, 0]
    sent = [deliveries.claim() for _ in range(3)]
    assert deliveries.claim() is None
    assert {claim.attempt for claim in sent if claim} == {1}
    now = utc_now()
    for claim, status in zip(sent, (200, 503, 500), strict=True):
        assert claim
        hold = dt.timedelta(minutes=1) if status == 503 else None
        assert deliveries.record(claim, Outcome(now, 5, status=status, response="é☃", hold=hold))
        assert not deliveries.record(claim, Outcome(now, 5, status=status))
    assert not deliveries.is_anything_due()
    endpoints.rotate("shop")
    endpoints.change("shop", lambda _: None, url="https://hooks.example/b", kinds=[EventType.JOB_FAILED])
    endpoints.pause("shop")
    assert deliveries.claim() is None
    assert doctor.examine(app.extensions["darkroom"])
    endpoints.resume("shop")
    again = deliveries.claim()
    assert again
    assert len(again.keys) == 2
    db.session.remove()
    assert [one.response for one in deliveries.get(again.delivery_id).tries] == ["é☃"]
    deliveries.record(again, Outcome(now, 5, status=410))
    endpoints.resume("shop")
    deliveries.redeliver(again.delivery_id)
    assert deliveries.forget(now + dt.timedelta(days=31)) == 3
    endpoints.ping("shop")
    endpoints.remove("shop")
    assert endpoints.names() == set()


def test_the_way_of_a_file_that_is_downloaded(app: Flask):
    store: Store = app.extensions["darkroom"].store
    file = received(store, "a.jpg")
    submission = jobs.submit([RemoteFile("a.jpg", "https://photos.example/a.jpg"), file], store.has)
    first = claimed(submission.due[0].id)
    assert (first.sha256, first.source_url) == (None, "https://photos.example/a.jpg")
    assert items.downloaded(first, file.stored, store.has)
    assert items.hand_back(first)
    assert not items.downloaded(first, file.stored, store.has)
    assert claimed(first.item_id).sha256 == file.stored.sha256
    left = jobs.submit([RemoteFile("a.jpg", "https://photos.example/a.jpg")], store.has).job.id
    assert (jobs.remove(submission.job.id), jobs.remove(left)) == ([file.stored.sha256], [])


def test_senders_events_and_whoever_deletes_the_endpoint_meet_without_a_deadlock(app: Flask):
    store: Store = app.extensions["darkroom"].store
    for _ in range(5):
        endpoints.create("shop", "https://hooks.example/", lambda _: None)
        for _ in range(30):
            endpoints.ping("shop")
        claims = [claimed(submitted(store).due[0].id) for _ in range(10)]
        together, stop = threading.Barrier(6), threading.Event()

        def send(together: threading.Barrier = together, stop: threading.Event = stop) -> None:
            together.wait(10)
            while not stop.is_set():
                with app.app_context():
                    if claim := deliveries.claim():
                        deliveries.record(claim, Outcome(utc_now(), 1, status=200))

        def end(together: threading.Barrier = together, claims: list[items.Claim] = claims) -> None:
            together.wait(10)
            for claim in claims:
                with app.app_context():
                    items.fail(claim, DAMAGED, PATIENCE)

        with ThreadPoolExecutor(5) as pool:
            working = [*(pool.submit(send) for _ in range(4)), pool.submit(end)]
            together.wait(10)
            with app.app_context():
                endpoints.pause("shop")
                endpoints.resume("shop")
                endpoints.remove("shop")
            stop.set()
            for one in working:
                one.result()


def test_old_deliveries_are_not_deleted_while_somebody_holds_their_endpoint(app: Flask):
    """Who deletes it takes its deliveries next: with whoever has one of them and waits for another, a deadlock."""

    def forget() -> int:
        with app.app_context():
            return deliveries.forget(utc_now() + dt.timedelta(days=31))

    endpoints.create("shop", "https://hooks.example/", lambda _: None)
    endpoints.ping("shop")
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            session.execute(select(Endpoint).with_for_update())
            forgetting = pool.submit(forget)
            with pytest.raises(FutureTimeout):
                forgetting.result(1)
        assert forgetting.result() == 1


def test_the_api_asks_and_answers_alike(app: Flask):
    """Assets, lists with every filter, keys that come at once, conditional polls and the status."""
    client = app.test_client()
    form = {"file": (io.BytesIO(photo()), "Snow 100%.jpg")}
    asset = client.post("/api/v1/assets", data=form).json["assets"][0]

    def send(key: str) -> Any:
        with app.app_context():
            order, headers = {"assets": [asset["id"]]}, {"Idempotency-Key": key}
            return app.test_client().post("/api/v1/jobs", json=order, headers=headers)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, ["same"] * 6))
    assert {answer.status_code for answer in answers} <= {202, 409}
    [made] = {answer.json["id"] for answer in answers if answer.status_code == 202}
    assert send("same").json["id"] == made
    assert send("Same").json["id"] != made, "upper and lower case are different keys"
    for query in ("q=SNOW", "q=%25", "state=queued&recipe=web-images&lane=interactive", "since=2020-01-01T00:00:00Z"):
        assert len(client.get(f"/api/v1/jobs?{query}").json["jobs"]) == 2, query
    assert client.get("/api/v1/jobs?q=_now").json["jobs"] == []
    listed = client.get("/api/v1/jobs?limit=1").json
    assert [job["id"] for job in client.get(listed["next"]).json["jobs"]] == [made]
    url = f"/api/v1/jobs/{made}"
    [item] = client.get(url).json["items"]
    claim = claimed(UUID(item["id"]))
    assert items.succeed(claim, SOURCE, [output(claim, sha256=asset["sha256"])], {}, lambda _: True)
    db.session.remove()
    tag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    for part in ("items", "outputs", "events"):
        rows = client.get(f"{url}/{part}?limit=1").json
        assert len(rows[part]) == 1
    [result] = client.get(f"{url}/outputs").json["outputs"]
    assert client.get(f"{url}/outputs?after={result['id']}").json["outputs"] == []
    assert client.get("/api/v1/status").json["lanes"][0]["waiting"] == 1
    assert client.delete(asset["url"]).status_code == 409
    with transaction() as session:
        idempotency.forget_old(session, utc_now() + idempotency.KEPT_FOR)
    assert send("same").json["id"] != made


def test_jobs_that_share_files_are_revised_and_deleted_without_a_deadlock(app: Flask):
    """Several jobs in one transaction of the publisher, while their items end, are canceled, retried and deleted."""
    store: Store = app.extensions["darkroom"].store
    submissions = [submitted(store, *[f"{n}.jpg" for n in range(10)]) for _ in range(4)]
    shared = [submissions[0].job.items[0].asset_id] * 3
    submissions += [jobs.submit([], store.has, assets=shared) for _ in range(3)]
    waiting = [due for submission in submissions for due in submission.due]

    def publish(choose: random.Random) -> None:
        dispatch.mark_published(choose.sample(waiting, 15), utc_now())

    def work(choose: random.Random) -> None:
        claim = items.claim(choose.choice(waiting).id, "nobody", "worker", LEASE)
        if claim:
            items.succeed(claim, SOURCE, [], {}, store.has)

    def begin_again(choose: random.Random) -> None:
        job = choose.choice(submissions).job.id
        jobs.cancel(job)
        for item in look(job).items:
            with suppress(NothingToRetry):
                jobs.retry_item(item.id)

    def come_and_go(choose: random.Random) -> None:
        jobs.remove(jobs.submit([], store.has, assets=shared).job.id)

    def repeat(act: Callable[[random.Random], None], seed: int) -> None:
        choose = random.Random(seed)
        with app.app_context():
            for _ in range(20):
                act(choose)
                db.session.remove()

    acts = [publish, publish, work, work, work, begin_again, come_and_go, come_and_go]
    with ThreadPoolExecutor(len(acts)) as pool:
        for done in [pool.submit(repeat, act, seed) for seed, act in enumerate(acts)]:
            done.result()
