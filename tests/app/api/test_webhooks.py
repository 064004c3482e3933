"""Endpoints and deliveries over the API."""

import base64
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

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


def refused(response: TestResponse, status: int, code: str, *says: str, at: str | None = None) -> None:
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert response.json["code"] == code
    for part in says:
        assert part in response.json["detail"]
    if at is not None:
        assert at in [bad["pointer"] for bad in response.json["errors"]]


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
    wrong = 400, "invalid-parameter"
    refused(response, *wrong, "name: is not a name here", "url: is missing", "events.0: should be 'job.completed'",
            "secret: there is no such key", at="/events/0")  # fmt: skip
    broken = client.post("/api/v1/webhooks", data="{", content_type="application/json")
    refused(broken, *wrong, "can not be read as JSON")
    refused(client.post("/api/v1/webhooks", json=NEW | {"description": "\0"}), *wrong, "U+0000", at="/description")
    refused(client.post("/api/v1/webhooks", json=NEW | {"events": []}), *wrong, at="/events")
    refused(client.post("/api/v1/webhooks", data="{}"), 415, "not-json")
    assert client.get("/api/v1/webhooks").json == {"endpoints": []}


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/", "https://127.0.0.1/", "https://[::1]/", "https://2130706433/", "https://a@b.example/"],
)
def test_a_url_to_which_nothing_may_be_sent_is_refused(client: FlaskClient, made: dict[str, object], url: str):
    response = client.post("/api/v1/webhooks", json=NEW | {"name": "other", "url": url})
    refused(response, 422, "outgoing-refused", at="/url")
    refused(client.patch(made["self"], json={"url": url}), 422, "outgoing-refused", at="/url")


def test_a_name_is_given_once(client: FlaskClient, made: dict[str, object]):
    again = client.post("/api/v1/webhooks", json=NEW)
    refused(again, 422, "invalid-endpoint", "There is an endpoint shop already", at="/name")


def test_a_repeated_request_with_a_key_makes_one_endpoint_and_gives_its_secret_again(client: FlaskClient):
    """Otherwise an answer that was lost would take the secret along."""
    key = {"Idempotency-Key": "once"}
    first, again = (client.post("/api/v1/webhooks", json=NEW, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code, again.data) == (201, 201, first.data)
    assert again.headers["Location"] == first.headers["Location"] == first.json["self"]
    other = client.post("/api/v1/webhooks", json=NEW | {"name": "other"}, headers=key)
    refused(other, 422, "key-reused")
    refused(client.post("/api/v1/jobs", data={"file": (io.BytesIO(b"x"), "a.jpg")}, headers=key), 422, "key-reused")
    assert len(client.get("/api/v1/webhooks").json["endpoints"]) == 1


def test_a_request_that_was_refused_leaves_its_key_free(client: FlaskClient):
    key = {"Idempotency-Key": "once"}
    refused(client.post("/api/v1/webhooks", json=NEW | {"url": "ftp://x"}, headers=key), 422, "outgoing-refused")
    assert client.post("/api/v1/webhooks", json=NEW, headers=key).status_code == 201


def test_there_is_a_limit(client: FlaskClient):
    for number in range(MAX_ENDPOINTS):
        assert client.post("/api/v1/webhooks", json=NEW | {"name": f"e{number}"}).status_code == 201
    refused(client.post("/api/v1/webhooks", json=NEW), 422, "invalid-endpoint", f"There are {MAX_ENDPOINTS} endpoints")


def test_what_a_change_does_not_name_stays(client: FlaskClient, made: dict[str, object]):
    made.pop("secret")
    changed = client.patch(made["self"], json={"events": ["item.failed", "job.failed"], "all_jobs": False}).json
    assert changed == made | {"events": ["job.failed", "item.failed"], "all_jobs": False}
    assert client.patch(made["self"], json={"url": None}).json == changed
    renamed = client.patch(made["self"], json={"name": "other"})
    refused(renamed, 400, "invalid-parameter", "name: there is no such key", at="/name")


def test_a_secret_is_rotated(client: FlaskClient, made: dict[str, object]):
    rotated = client.post(f"{made['self']}/rotate").json
    assert rotated["secret"] != made["secret"]
    assert [until is None for until in rotated["secrets_valid_until"]] == [True, False]
    assert len(client.post(f"{made['self']}/rotate", json={"overlap_hours": 0}).json["secrets_valid_until"]) == 1
    refused(
        client.post(f"{made['self']}/rotate", json={"overlap_hours": -1}), 400, "invalid-parameter", "overlap_hours"
    )
    refused(client.post(f"{made['self']}/rotate", data='{"overlap_hours": 0}'), 415, "not-json")


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
    first, few = client.get(made["deliveries"]), client.get(f"{made['deliveries']}?limit=2&after={min(ids)}")
    second = client.get(first.json["next"])
    assert [one["id"] for page in (first, second) for one in page.json["deliveries"]] == sorted(ids, reverse=True)
    assert second.json["next"] is None
    assert f'<{first.json["next"]}>; rel="next"' in first.headers["Link"]
    assert f'<{made["deliveries"]}>; rel="first"' in second.headers["Link"]
    assert [one["id"] for one in few.json["deliveries"]] == sorted(ids)[2:0:-1]
    assert client.get(f"{made['deliveries']}?state=failed").status_code == 400


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
    says = "notify.1.endpoint: there is no webhook endpoint 'shopp'; did you mean shop?"
    refused(response, 422, "invalid-recipe", says, at="/notify/1/endpoint")
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
    refused(client.post("/api/v1/recipes", json=RECIPE | {"notify": notify}), 422, "invalid-recipe", fault)
