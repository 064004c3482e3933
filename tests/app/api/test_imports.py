"""Jobs of URLs over the API."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.settings import Settings
from tests.conftest import close_database

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


def test_it_is_off_where_nobody_switched_it_on(client: FlaskClient):
    response = client.post("/api/v1/jobs", json={"urls": [URL]})
    assert (response.status_code, response.json["code"]) == (403, "url-import-off")
    assert client.get("/api/v1/jobs").json["jobs"] == []


@pytest.mark.parametrize(
    ("body", "status", "code", "says"),
    [
        ({}, 400, "invalid-parameter", "urls: is missing"),
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
        ({"urls": ["https://a.example/\0"]}, 400, "invalid-parameter", "U+0000"),
    ],
    ids=str,
)
def test_what_is_wrong_makes_no_job(importing: FlaskClient, body: object, status: int, code: str, says: str):
    response = importing.post("/api/v1/jobs", json=body)
    assert (response.status_code, response.json["code"]) == (status, code)
    assert says in response.json["detail"]
    assert importing.get("/api/v1/jobs").json["jobs"] == []


def test_what_is_no_json_or_too_much_makes_no_job(importing: FlaskClient):
    for data in ("{", b"[" + b" " * 4_000_001):
        response = importing.post("/api/v1/jobs", data=data, content_type="application/json")
        assert (response.status_code, response.json["code"]) == (400, "invalid-parameter")
