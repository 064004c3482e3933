"""Lists: in order, page by page in both directions, filtered, and at the same price however long they are."""

import datetime as dt
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, text

from app import items, jobs, listings
from app.database import db
from app.listings import Cursor, Wanted
from app.models import JobState, Lane
from app.storage import Store
from tests.factories import DAMAGED, PATIENCE, claimed, output, photo, received, submitted, succeed

JOBS = "/api/v1/jobs"


def links(response) -> dict[str, str]:
    return {relation: url for url, relation in re.findall(r'<([^>]+)>; rel="(\w+)"', response.headers["Link"])}


def walked(client: FlaskClient, url: str | None, key: str, relation: str = "next") -> list[list[str]]:
    """The ids of every page, following one relation."""
    pages = []
    while url:
        page = client.get(url)
        assert page.status_code == 200, page.text
        pages.append([row.get("id") or row["at"] for row in page.json[key]])
        url = links(page).get(relation)
    return pages


def flat(pages: Iterable[list[str]]) -> list[str]:
    return list(chain.from_iterable(pages))


@pytest.fixture
def seven(app: Flask, store: Store) -> list[str]:
    """The ids of seven jobs, the newest first."""
    with app.app_context():
        return [str(submitted(store).job.id) for _ in range(7)][::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 50])
def test_pages_forth_and_back_are_the_whole_list(client: FlaskClient, seven: list[str], limit: int):
    forth = walked(client, f"{JOBS}?limit={limit}", "jobs")
    assert flat(forth) == seven
    assert all(len(page) <= limit for page in forth)
    last = client.get(f"{JOBS}?limit={limit}&after={seven[-1]}&before={seven[0]}")
    assert [job["id"] for job in last.json["jobs"]] == seven[1:-1][:limit], "between two, neither of which is in it"
    back = walked(client, f"{JOBS}?limit={limit}&after={seven[-1]}", "jobs", "prev")
    assert flat(reversed(back)) == seven[:-1]


def test_links_lead_back_where_one_came_from(client: FlaskClient, seven: list[str]):
    first = client.get(f"{JOBS}?limit=2&lane=interactive")
    assert set(links(first)) == {"first", "next"}
    second = client.get(links(first)["next"])
    assert set(links(second)) == {"first", "prev", "next"}
    assert client.get(links(second)["prev"]).json["jobs"] == first.json["jobs"]
    assert client.get(links(second)["first"]).json["jobs"] == first.json["jobs"]
    assert first.json["next"] == links(first)["next"]


def test_a_job_made_meanwhile_does_not_shift_the_pages(client: FlaskClient, app: Flask, store: Store, seven: list[str]):
    first = client.get(f"{JOBS}?limit=3")
    with app.app_context():
        submitted(store)
    assert [job["id"] for job in client.get(first.json["next"]).json["jobs"]] == seven[3:6]


@pytest.fixture
def mixed(app: Flask, client: FlaskClient, store: Store) -> dict[str, str]:
    with app.app_context():
        made = {
            "bulk": submitted(store, "Snow 100%.jpg", lane=Lane.BULK),
            "failed": submitted(store, "rain_1.jpg"),
            "waiting": submitted(store, "sun.jpg", "SNOWMAN.png"),
        }
        claim = claimed(made["failed"].due[0].id)
        items.fail(claim, DAMAGED, PATIENCE)
    ids = {name: str(submission.job.id) for name, submission in made.items()}
    form = {"file": (io.BytesIO(photo()), "rain.jpg"), "recipe": "avatar"}
    return ids | {"avatar": client.post(JOBS, data=form).json["id"]}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=failed", ["failed"]),
        ("lane=bulk", ["bulk"]),
        ("recipe=avatar", ["avatar"]),
        ("recipe=web-images", ["waiting", "failed", "bulk"]),
        ("recipe=web-images&state=queued", ["waiting", "bulk"]),
        ("recipe=web-images&state=queued&lane=interactive", ["waiting"]),
        ("recipe=avatar&state=failed", []),
        ("q=snow", ["waiting", "bulk"]),
        ("q=snow&lane=bulk", ["bulk"]),
        ("q=rain", ["avatar", "failed"]),
        ("q=rain_", ["failed"]),
        ("q=%25", ["bulk"]),
        ("q=nothing", []),
        ("since=2020-01-01T00:00:00Z", ["avatar", "waiting", "failed", "bulk"]),
        ("since=2099-01-01T00:00:00%2B01:00", []),
        ("since=2020-01-01T00:00:00Z&q=sun", ["waiting"]),
    ],
)
def test_filters(client: FlaskClient, mixed: dict[str, str], query: str, names: list[str]):
    found = client.get(f"{JOBS}?{query}").json
    assert [job["id"] for job in found["jobs"]] == [mixed[name] for name in names]
    assert found["next"] is None


def test_since_is_the_time_at_which_jobs_were_made(client: FlaskClient, seven: list[str]):
    made = dt.datetime.fromisoformat(client.get(f"{JOBS}/{seven[3]}").json["created_at"])
    since = (made + dt.timedelta(milliseconds=1)).isoformat().replace("+00:00", "Z")
    found = [job["id"] for job in client.get(f"{JOBS}?since={since}").json["jobs"]]
    assert found == seven[: len(found)]
    assert len(found) <= 3
    assert client.get(f"{JOBS}?since=2026-11-24").status_code == 400
    assert client.get(f"{JOBS}?since=2026-11-24T10:00:00").status_code == 400


@pytest.mark.parametrize("limit", [1, 2, 10])
@pytest.mark.parametrize("window", [1, 2, 3, 100])
def test_a_search_goes_on_behind_its_window_in_both_directions(
    client: FlaskClient, app: Flask, store: Store, monkeypatch: pytest.MonkeyPatch, limit: int, window: int
):
    with app.app_context():
        made = [submitted(store, "yes.jpg" if number % 3 == 0 else "no.jpg") for number in range(8)][::-1]
    wanted = [str(submission.job.id) for number, submission in enumerate(made) if (7 - number) % 3 == 0]
    monkeypatch.setattr(listings, "WINDOW", window)
    assert flat(walked(client, f"{JOBS}?q=YES&limit={limit}", "jobs")) == wanted
    back = walked(client, f"{JOBS}?q=yes&limit={limit}&after={made[-1].job.id}", "jobs", "prev")
    assert flat(reversed(back)) == wanted[:-1]


def test_the_parts_of_a_job_come_page_by_page(client: FlaskClient, app: Flask, store: Store):
    with app.app_context():
        submission = submitted(store, "a.jpg", "b.jpg", "c.jpg")
        for due in submission.due[:2]:
            claim = claimed(due.id)
            rows = output(claim, "320-jpeg"), output(claim, "320-webp")
            rows[1].position = 1
            assert succeed(claim, *rows)
    job = client.get(f"{JOBS}/{submission.job.id}").json
    url = f"{JOBS}/{submission.job.id}"
    ids = [item["id"] for item in job["items"]]
    assert walked(client, f"{url}/items?limit=2", "items") == [ids[:2], ids[2:]]
    assert walked(client, f"{url}/items?limit=2&before=2", "items", "prev") == [ids[:2]]
    results = [output["id"] for item in job["items"] for output in item["outputs"]]
    assert flat(walked(client, f"{url}/outputs?limit=3", "outputs")) == results
    assert walked(client, f"{url}/outputs?limit=3&before={results[-1]}", "outputs", "prev") == [results[:3]]
    told = client.get(f"{url}/events").json["events"]
    assert [(line["event"], line["item"]) for line in told] == [
        (kind, item) for item in ids[:2] for kind in ("claimed", "succeeded")
    ]
    assert sum(len(page) for page in walked(client, f"{url}/events?limit=1", "events")) == 4
    gone = client.get(f"{url}/outputs?after={ids[0]}")
    assert (gone.status_code, gone.json["errors"][0]["parameter"]) == (404, "after")


@contextmanager
def plans() -> Iterator[list[str]]:
    """How SQLite goes about each query of the block."""
    told: list[str] = []

    def explain(connection, cursor, statement, parameters, context, many) -> None:
        if statement.startswith("SELECT"):
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            told.append(" | ".join(row[3] for row in cursor.fetchall()))

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield told
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


EDGE = Cursor(50, before=jobs.new_id())
LISTS = {
    "all": lambda: listings.jobs(Wanted(), EDGE),
    "first page": lambda: listings.jobs(Wanted(), Cursor(50)),
    "newer": lambda: listings.jobs(Wanted(), Cursor(50, after=jobs.new_id())),
    "since": lambda: listings.jobs(Wanted(since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)), EDGE),
    "state": lambda: listings.jobs(Wanted(state=JobState.FAILED), EDGE),
    "lane": lambda: listings.jobs(Wanted(lane=Lane.BULK), EDGE),
    "recipe": lambda: listings.jobs(Wanted(recipe="avatar"), EDGE),
    "several": lambda: listings.jobs(Wanted(recipe="avatar", state=JobState.FAILED, lane=Lane.BULK), EDGE),
    "q": lambda: listings.jobs(Wanted(q="photo"), EDGE),
    "q and state": lambda: listings.jobs(Wanted(q="photo", state=JobState.QUEUED), EDGE),
    "assets": lambda: listings.assets(EDGE),
    "items": lambda: listings.items(jobs.new_id(), Cursor(50, after=3)),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_page_is_read_along_an_index(context: Flask, store: Store, name: str):
    """No query looks at more rows than its page or its window has: none scans a table, none sorts what it found."""
    submitted(store)
    with plans() as told:
        LISTS[name]()
    assert told
    for plan in told:
        assert not re.search(r"SCAN (jobs|assets|items)(?! USING)", plan), plan
        assert "TEMP B-TREE" not in plan, plan


def test_the_test_above_would_see_a_scan(context: Flask):
    with plans() as told:
        db.session.execute(text("SELECT * FROM jobs ORDER BY recipe_version"))
    assert told == ["SCAN jobs | USE TEMP B-TREE FOR ORDER BY"]


def test_a_window_bounds_what_a_search_looks_at(context: Flask, store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(listings, "WINDOW", 2)
    for _ in range(5):
        submitted(store, "no.jpg")
    page = listings.jobs(Wanted(q="yes"), Cursor(50))
    assert (page.rows, page.next is not None) == ([], True)


def test_saved_files_are_listed_the_newest_first(client: FlaskClient, app: Flask, store: Store):
    with app.app_context():
        made = [submitted(store, f"{number}.jpg") for number in range(3)]
        received(store)
    listed = client.get("/api/v1/assets?limit=2").json
    assert [asset["name"] for asset in listed["assets"]] == ["2.jpg", "1.jpg"]
    assert [asset["name"] for asset in client.get(listed["next"]).json["assets"]] == ["0.jpg"]
    assert listed["assets"][0]["id"] == str(made[2].job.items[0].asset_id)
