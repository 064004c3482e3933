"""Jobs of URLs over the API."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app, items
from app.settings import Settings
from tests.conftest import close_database
from tests.factories import claimed, received

URL = "https://photos.example/a/my%20photo.jpg?size=full"


@pytest.fixture
def importing(make_settings: Callable[..., Settings]) -> Iterator[FlaskClient]:
    app: Flask = create_app(make_settings(URL_IMPORT="on", MAX_JOB_FILES="3"))
    yield app.test_client()
    close_database(app)


def test_a_job_of_urls_is_accepted_and_shows_what_is_not_here_yet(importing: FlaskClient):
    body = {"urls": [URL, "https://photos.example"], "recipe": "thumbnail", "lane": "bulk"}
    response = importing.post("/api/v1/jobs", json=body)
    assert (response.status_code, response.headers["Location"]) == (202, response.json["url"])
    job = importing.get(response.json["url"]).json
    assert (job["recipe"]["name"], job["lane"]) == ("thumbnail", "bulk")
    assert [item["name"] for item in job["items"]] == ["my photo.jpg", "file"]
    asset = job["items"][0]["asset"]
    assert (asset["source_url"], asset["sha256"], asset["bytes"]) == (URL, None, None)
    assert "not downloaded yet" in importing.get(job["page"]).text


def test_every_url_that_is_refused_is_told_with_its_pointer(importing: FlaskClient):
    response = importing.post("/api/v1/jobs", json={"urls": ["https://127.0.0.1/", URL, "ftp://a.example/"]})
    assert [bad["pointer"] for bad in response.json["errors"]] == ["/urls/0", "/urls/2"]


def test_a_job_of_urls_is_done_once_and_prefers_as_any_other(importing: FlaskClient):
    headers = {"Idempotency-Key": "once", "Prefer": "respond-async"}
    first, again = (importing.post("/api/v1/jobs", json={"urls": [URL]}, headers=headers) for _ in range(2))
    assert (first.status_code, first.data) == (202, again.data)
    assert first.headers["Preference-Applied"] == "respond-async"
    assert len(importing.get("/api/v1/jobs").json["jobs"]) == 1
    other = importing.post("/api/v1/jobs", json={"urls": [f"{URL}&b"]}, headers=headers)
    assert (other.status_code, other.json["code"]) == (422, "key-reused")


def test_urls_wait_for_their_turn_as_files_do(make_settings: Callable[..., Settings]):
    app = create_app(make_settings(URL_IMPORT="on", MAX_PENDING_ITEMS="3"))
    client = app.test_client()
    assert client.post("/api/v1/jobs", json={"urls": [URL] * 2}).status_code == 202
    refused = client.post("/api/v1/jobs", json={"urls": [URL] * 2})
    assert (refused.status_code, refused.json["code"]) == (503, "too-many-pending")
    close_database(app)


def test_no_url_is_accepted_where_the_disk_has_no_room(make_settings: Callable[..., Settings]):
    app = create_app(make_settings(URL_IMPORT="on", MIN_FREE_BYTES=str(2**60)))
    refused = app.test_client().post("/api/v1/jobs", json={"urls": [URL]})
    assert (refused.status_code, refused.json["code"]) == (507, "storage-full")
    close_database(app)


def test_an_asset_is_of_use_to_other_jobs_once_it_is_downloaded(importing: FlaskClient):
    job = importing.post("/api/v1/jobs", json={"urls": [URL]}).json
    asset = job["items"][0]["asset"]["id"]
    shown = importing.get(f"/api/v1/assets/{asset}").json
    assert (shown["name"], shown["source_url"], shown["sha256"], shown["bytes"]) == ("my photo.jpg", URL, None, None)
    early = importing.post("/api/v1/jobs", json={"assets": [asset]})
    assert (early.status_code, early.json["code"]) == (409, "asset-not-downloaded")
    assert early.json["errors"][0]["pointer"] == "/assets/0"
    app = importing.application
    with app.app_context():
        store = app.extensions["darkroom"].store
        assert items.downloaded(claimed(UUID(job["items"][0]["id"])), received(store).stored, store.has)
    assert importing.post("/api/v1/jobs", json={"assets": [asset]}).status_code == 202
    assert importing.get(f"/api/v1/assets/{asset}").json["bytes"] > 0


def test_it_is_off_where_nobody_switched_it_on(client: FlaskClient):
    response = client.post("/api/v1/jobs", json={"urls": [URL]})
    assert (response.status_code, response.json["code"]) == (403, "url-import-off")
    assert client.get("/api/v1/jobs").json["jobs"] == []


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({}, 400, "invalid-parameter", "exactly one of assets and urls"),
        ({"urls": [URL], "assets": [str(uuid4())]}, 400, "invalid-parameter", "exactly one of assets and urls"),
        ({"urls": []}, 400, "invalid-parameter", "urls: should have at least 1 item"),
        ({"urls": URL}, 400, "invalid-parameter", "urls: should be a list"),
        ({"urls": [5]}, 400, "invalid-parameter", "urls.0: should be text"),
        ({"urls": [URL], "file": 1}, 400, "invalid-parameter", "file: there is no such key"),
        ({"urls": [URL], "lane": "fast"}, 400, "invalid-parameter", "lane: should be"),
        ({"urls": [URL], "vars": {"x": None}}, 400, "invalid-parameter", "vars.x"),
        ({"urls": [URL], "vars": {"x": 1}}, 400, "invalid-parameter", "no variable"),
        ({"urls": [URL], "recipe": "thumbnial"}, 404, "unknown-recipe", "did you mean thumbnail?"),
        ({"urls": [URL] * 4}, 413, "too-many-files", "MAX_JOB_FILES"),
        ({"urls": [URL, "https://169.254.169.254/"]}, 422, "outgoing-refused", "urls.1: 169.254.169.254 is"),
        ({"urls": ["file:///etc/passwd", "http://a.example/"]}, 422, "outgoing-refused", "urls.1: The URL begins with"),
        ({"urls": ["https://a.example/\0"]}, 422, "outgoing-refused", "urls.0: The URL has a space"),
    ],
    ids=str,
)
def test_what_is_wrong_makes_no_job(importing: FlaskClient, body: object, status: int, code: str, says: str):
    response = importing.post("/api/v1/jobs", json=body)
    assert (response.status_code, response.json["code"]) == (status, code)
    assert says in response.json["detail"]
    assert importing.get("/api/v1/jobs").json["jobs"] == []


def test_what_is_no_json_or_too_much_makes_no_job(importing: FlaskClient):
    for data in ("{", b"[" + b" " * 10_000_001):
        response = importing.post("/api/v1/jobs", data=data, content_type="application/json")
        assert (response.status_code, response.json["code"]) == (400, "invalid-parameter")
