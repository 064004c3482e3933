"""Endpoints and deliveries over the API."""

import base64

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.webhooks import deliveries
from app.webhooks.endpoints import MAX_ENDPOINTS
from tests.app.webhooks.hooks import answered

NEW = {"name": "shop", "url": "https://hooks.example/darkroom"}
RECIPE = {"schema": 1, "name": "mine", "outputs": {"out": {"formats": ["jpeg"]}}}


@pytest.fixture
def made(client: FlaskClient) -> dict[str, object]:
    response = client.post("/api/v1/webhooks", json=NEW)
    assert response.status_code == 201
    return response.json


def refused(response, *says: str) -> None:
    assert (response.status_code, response.mimetype) == (422, "application/problem+json")
    for part in says:
        assert part in response.json["detail"]


def test_an_endpoint_is_made_and_its_secret_is_shown_once(client: FlaskClient, made: dict[str, object]):
    secret = str(made.pop("secret"))
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
    assert client.get(made["self"]).json == made
    assert client.get("/api/v1/webhooks").json == {"endpoints": [made]}
    assert secret not in client.get(made["self"]).text
    assert made["events"] == ["job.completed", "job.partial", "job.failed", "job.canceled"]
    assert (made["all_jobs"], made["paused"], made["failing_since"]) == (True, None, None)


def test_what_is_wrong_is_told_with_its_path(client: FlaskClient):
    response = client.post("/api/v1/webhooks", json={"name": "My Shop", "events": ["job.done"], "secret": "x"})
    refused(response, "name: is not a name here", "url: is missing", "events.0: should be 'job.completed'",
            "secret: there is no such key")  # fmt: skip
    refused(client.post("/api/v1/webhooks", data="{"), "Invalid JSON")
    refused(client.post("/api/v1/webhooks", json=NEW | {"description": "\0"}), "U+0000")
    refused(client.post("/api/v1/webhooks", json=NEW | {"events": []}), "events")
    refused(client.post("/api/v1/webhooks", data=b"x" * 100_001), "100,000")


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://a@b.example/"],
)
def test_a_url_to_which_nothing_may_be_sent_is_refused(client: FlaskClient, made: dict[str, object], url: str):
    response = client.post("/api/v1/webhooks", json=NEW | {"name": "other", "url": url})
    refused(response)
    assert response.json["code"] == "outgoing-refused"
    refused(client.patch(made["self"], json={"url": url}))


def test_a_name_is_given_once(client: FlaskClient, made: dict[str, object]):
    refused(client.post("/api/v1/webhooks", json=NEW), "There is an endpoint shop already")


def test_there_is_a_limit(client: FlaskClient):
    for number in range(MAX_ENDPOINTS):
        assert client.post("/api/v1/webhooks", json=NEW | {"name": f"e{number}"}).status_code == 201
    refused(client.post("/api/v1/webhooks", json=NEW), f"There are {MAX_ENDPOINTS} endpoints")


def test_what_a_change_does_not_name_stays(client: FlaskClient, made: dict[str, object]):
    made.pop("secret")
    changed = client.patch(made["self"], json={"events": ["item.failed", "job.failed"], "all_jobs": False}).json
    assert changed == made | {"events": ["job.failed", "item.failed"], "all_jobs": False}
    refused(client.patch(made["self"], json={"name": "other"}), "name: there is no such key")


def test_a_secret_is_rotated(client: FlaskClient, made: dict[str, object]):
    rotated = client.post(f"{made['self']}/rotate").json
    assert rotated["secret"] != made["secret"]
    assert [until is None for until in rotated["secrets_valid_until"]] == [True, False]
    assert len(client.post(f"{made['self']}/rotate", json={"overlap_hours": 0}).json["secrets_valid_until"]) == 1
    refused(client.post(f"{made['self']}/rotate", json={"overlap_hours": -1}), "overlap_hours")


def test_an_endpoint_is_paused_and_resumed(client: FlaskClient, made: dict[str, object]):
    assert client.post(f"{made['self']}/pause").json["paused"]["because"] == "by-hand"
    response = client.post(f"{made['self']}/ping")
    assert (response.status_code, response.json["code"]) == (409, "endpoint-paused")
    assert client.post(f"{made['self']}/resume").json["paused"] is None


def test_a_ping_is_a_delivery_that_can_be_followed(client: FlaskClient, made: dict[str, object], app: Flask):
    response = client.post(f"{made['self']}/ping")
    assert (response.status_code, response.headers["Location"]) == (202, response.json["url"])
    with app.app_context():
        deliveries.record(deliveries.claim(), answered(500, response="no"))
    shown = client.get(response.json["url"]).json
    assert (shown["event"], shown["state"], shown["attempts"], shown["being_sent"]) == ("ping", "pending", 1, False)
    assert '"type":"ping"' in shown["body"]
    assert shown["tries"] == [
        {"number": 1, "at": "2026-01-01T00:00:00.000Z", "url": NEW["url"], "milliseconds": 12, "status": 500,
         "response": "no", "error": "No."}
    ]  # fmt: skip
    again = client.post(f"{response.json['url']}/redeliver")
    assert (again.status_code, again.json["message_id"]) == (202, shown["message_id"])


def test_deliveries_come_page_by_page(client: FlaskClient, made: dict[str, object]):
    ids = [client.post(f"{made['self']}/ping").json["id"] for _ in range(51)]
    first = client.get(made["deliveries"]).json
    second = client.get(first["next"]).json
    assert [one["id"] for one in first["deliveries"] + second["deliveries"]] == sorted(ids, reverse=True)
    assert second["next"] is None


def test_a_deleted_endpoint_is_gone_with_its_deliveries(client: FlaskClient, made: dict[str, object]):
    delivery = client.post(f"{made['self']}/ping").json
    assert client.delete(made["self"]).status_code == 204
    for response in (
        client.get(made["self"]), client.get(made["deliveries"]), client.get(delivery["url"]),
        client.delete(made["self"]), client.post(f"{made['self']}/ping"), client.post(f"{delivery['url']}/redeliver"),
    ):  # fmt: skip
        assert (response.status_code, response.json["code"]) == (404, "not-found")


def test_a_recipe_that_notifies_nobody_is_refused_with_the_nearest_name(client: FlaskClient, made: dict[str, object]):
    asked = RECIPE | {"notify": [{"endpoint": "shop"}, {"endpoint": "shopp", "events": ["item.failed"]}]}
    response = client.post("/api/v1/recipes", json=asked)
    refused(response, "notify.1.endpoint: there is no webhook endpoint 'shopp'; did you mean shop?")
    asked["notify"].pop()
    assert client.post("/api/v1/recipes", json=asked).status_code == 201


@pytest.mark.parametrize(
    ("notify", "fault"),
    [
        (["shop"], 'notify.0: should be a mapping (it is "shop")'),
        ([{"endpont": "shop"}], "notify.0.endpont: there is no such key; did you mean endpoint?"),
        ([{"endpoint": "Shop"}], "notify.0.endpoint: is not a name here"),
        ([{"endpoint": "shop", "events": []}], "notify.0.events: should have at least 1 item"),
        ([{"endpoint": "shop", "events": ["job.done"]}], "notify.0.events.0: should be 'job.completed'"),
        ([{"endpoint": "shop"}, {"endpoint": "shop"}], "notify.1.endpoint: shop stands twice"),
        ("shop", "notify: should be a list"),
    ],
)
def test_a_faulty_notify_is_told_with_its_path(
    client: FlaskClient, made: dict[str, object], notify: object, fault: str
):
    refused(client.post("/api/v1/recipes", json=RECIPE | {"notify": notify}), fault)
