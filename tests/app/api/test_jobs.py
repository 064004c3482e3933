import io
import socket
import time
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from app import create_app
from tests.conftest import close_database
from tests.factories import photo


def files(*names: str) -> dict[str, object]:
    return {"file": [(io.BytesIO(photo()), name) for name in names]}


def test_a_job_is_accepted_with_its_address(client: FlaskClient):
    response = client.post("/api/v1/jobs", data=files("a.jpg", "b.jpg"))
    assert response.status_code == 202
    assert response.headers["Location"] == f"/api/v1/jobs/{response.json['id']}"
    assert [item["name"] for item in response.json["items"]] == ["a.jpg", "b.jpg"]
    assert response.json["progress"] == {
        "total": 2, "ended": 0, "succeeded": 0, "failed": 0, "quarantined": 0, "canceled": 0,
    }  # fmt: skip
    now = client.get(response.headers["Location"]).json
    assert [item.pop("waits_because") is None for item in now["items"]] == [False, False]
    accepted = response.json
    assert [item.pop("waits_because") for item in accepted["items"]] == [None, None], "the database is not asked again"
    assert now == accepted


def test_two_jobs_list_the_newest_first(client: FlaskClient):
    first = client.post("/api/v1/jobs", data=files("a.jpg")).json["id"]
    second = client.post("/api/v1/jobs", data=files("b.jpg")).json["id"]
    assert [job["id"] for job in client.get("/api/v1/jobs").json["jobs"]] == [second, first]
    assert [job["id"] for job in client.get(f"/api/v1/jobs?before={second}").json["jobs"]] == [first]


def test_pages_of_jobs_are_linked_to_the_last(client: FlaskClient):
    made = {client.post("/api/v1/jobs", data=files("a.jpg")).json["id"] for _ in range(51)}
    page = client.get("/api/v1/jobs").json
    assert len(page["jobs"]) == 50
    rest = client.get(page["next"]).json
    assert {job["id"] for job in page["jobs"] + rest["jobs"]} == made
    assert rest["next"] is None


def test_more_than_fifty_files_take_the_bulk_lane(client: FlaskClient):
    assert client.post("/api/v1/jobs", data=files(*["a.jpg"] * 50)).json["lane"] == "interactive"
    assert client.post("/api/v1/jobs", data=files(*["a.jpg"] * 51)).json["lane"] == "bulk"


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("POST", "/api/v1/jobs", {"data": "x", "content_type": "text/plain"}, 415, "not-multipart"),
        ("POST", "/api/v1/recipes/web-images/plan", {"data": "{}"}, 415, "not-json"),
        ("POST", "/api/v1/jobs", {"data": "{", "content_type": "application/json"}, 400, "invalid-parameter"),
        ("GET", "/api/v1/recipes?limit=3", {}, 400, "invalid-parameter"),
        (
            "POST",
            "/api/v1/jobs",
            {"data": b"--x--", "content_type": "multipart/form-data; boundary=x"},
            400,
            "no-files",
        ),
        (
            "POST",
            "/api/v1/jobs",
            {"data": {"recipes": "x"}, "content_type": "multipart/form-data"},
            400,
            "invalid-parameter",
        ),
        ("POST", "/api/v1/jobs", {"headers": {"Sec-Fetch-Site": "cross-site"}}, 403, "cross-site-request"),
        ("GET", "/api/v1/jobs?state=x", {}, 400, "invalid-parameter"),
        ("GET", f"/api/v1/jobs/{uuid4()}", {}, 404, "not-found"),
        ("GET", "/api/v1/jobs?before=x", {}, 400, "invalid-parameter"),
        ("GET", "/api/v1/nothing", {}, 404, "http-404"),
        ("DELETE", "/api/v1/jobs", {}, 405, "http-405"),
    ],
)
def test_errors_are_problem_documents(client: FlaskClient, method: str, path: str, sent, status: int, code: str):
    response = client.open(path, method=method, **sent)
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    assert (response.json["status"], response.json["code"]) == (status, code)
    assert response.json["detail"]


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/recipes", "/api/v1/recipes/avatar/plan"])
def test_a_body_that_stops_coming_is_given_up(client: FlaskClient, path: str):
    """Not only that of an upload: the socket has a time-out, and its end is an answer."""

    class Connection:
        waits: float | None = None

        def settimeout(self, seconds: float) -> None:
            self.waits = seconds

    class Silent(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise TimeoutError

        readinto = read

    connection = Connection()
    answer = client.post(
        path, input_stream=Silent(b"announced"), content_type="application/json",
        environ_overrides={"gunicorn.socket": connection},
    )  # fmt: skip
    assert (answer.status_code, answer.json["code"]) == (400, "incomplete-upload")
    assert connection.waits == 30


def test_no_request_waits_for_a_broker_that_does_not_answer(make_settings):
    """A broker that takes the connection and says nothing: the answer comes although no publish can have ended."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        app = create_app(make_settings(BROKER_URL=f"amqp://a:b@127.0.0.1:{silent.getsockname()[1]}//"))
        started = time.monotonic()
        assert app.test_client().post("/api/v1/jobs", data=files("a.jpg")).status_code == 202
        assert time.monotonic() - started < 4, "shorter than the time-out of the connection, which is 5 s"
        close_database(app)
