"""What runs, what waits, what there is; pausing a lane."""

import datetime as dt
import io

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.database import transaction, utc_now
from app.imaging import collectors, encoders, operations
from app.models import Lane, ProcessKind
from app.processes import Presence
from app.storage import Store
from tests import rows
from tests.factories import claimed, photo, submitted

STATUS = "/api/v1/status"


def lane(client: FlaskClient, name: str) -> dict:
    return next(lane for lane in client.get(STATUS).json["lanes"] if lane["lane"] == name)


def test_an_idle_system(client: FlaskClient):
    status = client.get(STATUS).json
    assert status["workers"] == status["dispatchers"] == []
    for found in status["lanes"]:
        assert {key: found[key] for key in found if key != "lane"} == {
            "waiting": 0, "running": 0, "oldest_wait_seconds": None, "paused_since": None,
        }  # fmt: skip
    assert set(status["versions"]) == {"darkroom", "python", "pillow", "celery"}
    assert status["disk"]["free_bytes"] > 0


def test_what_waits_and_runs_is_counted_by_lane(client: FlaskClient, app: Flask, store: Store):
    with app.app_context():
        submission = submitted(store, "a.jpg", "b.jpg", "c.jpg")
        submitted(store, lane=Lane.BULK)
        claimed(submission.due[0].id)
        with transaction() as session:
            session.get(type(submission.job), submission.job.id).created_at = utc_now() - dt.timedelta(hours=1)
    found = lane(client, "interactive")
    assert (found["waiting"], found["running"]) == (2, 1)
    assert 3600 <= found["oldest_wait_seconds"] < 3700
    assert lane(client, "bulk")["waiting"] == 1


def test_what_is_made_of_all_results_does_not_wait_before_there_are_any(client: FlaskClient, app: Flask, store: Store):
    client.post("/api/v1/jobs", data={"file": (io.BytesIO(photo()), "a.jpg"), "recipe": "contact-sheet"})
    assert lane(client, "interactive")["waiting"] + lane(client, "bulk")["waiting"] == 1


def test_those_that_are_alive_are_named(client: FlaskClient, app: Flask, make_settings):
    url = make_settings().database_url
    Presence(url, ProcessKind.WORKER, "one", concurrency=4).beat()
    status = client.get(STATUS).json
    assert [worker["concurrency"] for worker in status["workers"]] == [4]
    assert status["workers"][0]["name"].startswith("one@")
    assert status["dispatchers"] == []


def test_a_lane_is_paused_and_goes_on(client: FlaskClient, app: Flask, store: Store):
    with app.app_context():
        submitted(store)
    for _ in range(2):
        paused = client.post(f"{STATUS}/lanes/interactive/pause")
        assert paused.status_code == 200
        assert paused.json["paused_since"]
    with app.app_context():
        assert rows.due() == []
    assert lane(client, "bulk")["paused_since"] is None
    assert client.post(f"{STATUS}/lanes/interactive/resume").json["paused_since"] is None
    assert client.post(f"{STATUS}/lanes/interactive/resume").status_code == 200
    with app.app_context():
        assert len(rows.due(dt.timedelta(minutes=1))) == 1
    assert client.post(f"{STATUS}/lanes/slow/pause").status_code == 404


def test_everything_that_recipes_are_made_of_is_told_with_its_schema(client: FlaskClient):
    told = client.get("/api/v1/operations").json
    for kind, found in (("operations", operations), ("formats", encoders), ("collectors", collectors)):
        assert [one["name"] for one in told[kind]] == list(found.found())
        assert all(one["documentation"] for one in told[kind])
    resize = next(one for one in told["operations"] if one["name"] == "resize")["parameters"]
    check = jsonschema_rs.Draft202012Validator(resize)
    assert check.is_valid({"width": 3})
    assert not check.is_valid({"wdith": 3})


@pytest.mark.parametrize("name", ["web-images", "pdf-pages", "contact-sheet"])
def test_the_schema_of_recipes_takes_the_built_in_ones(client: FlaskClient, name: str):
    schema = client.get("/api/v1/operations").json["recipe_schema"]
    recipe = client.get(f"/api/v1/recipes/{name}").json
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(recipe["document"])
    assert recipe["versions"] == [1]


def test_every_version_of_a_recipe_is_listed(client: FlaskClient):
    document = client.get("/api/v1/recipes/web-images").json["document"] | {"name": "mine"}
    document.pop("version")
    client.post("/api/v1/recipes", json=document)
    client.post("/api/v1/recipes", json=document | {"description": "another"})
    listed = client.get("/api/v1/recipes/mine/versions").json["versions"]
    assert [(one["version"], one["url"]) for one in listed] == [
        (2, "/api/v1/recipes/mine@2"), (1, "/api/v1/recipes/mine@1"),
    ]  # fmt: skip
    assert client.get("/api/v1/recipes/nothing/versions").json["code"] == "unknown-recipe"
