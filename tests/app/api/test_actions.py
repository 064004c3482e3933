"""Cancel, retry and delete over the API."""

from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import items
from app.errors import StorageUnavailable
from app.jobs import Submission
from app.models import ItemState
from app.storage import Store
from tests import rows
from tests.app.test_waiting import NO_WORKER
from tests.factories import DAMAGED, PATIENCE, claimed, files_below, output, received, submitted, succeed

JOBS = "/api/v1/jobs"


@pytest.fixture
def half_done(app: Flask, store: Store) -> Submission:
    """A job with an item that succeeded, one that failed, one that runs and one that waits."""
    with app.app_context():
        submission = submitted(store, "good.jpg", "bad.jpg", "running.jpg", "waiting.jpg")
        good, bad, _ = (claimed(due.id, worker="host:1") for due in submission.due[:3])
        result = received(store, content=b"result")
        assert succeed(good, output(good, sha256=result.stored.sha256))
        assert items.fail(bad, DAMAGED, PATIENCE)
    return submission


def states(document) -> list[str]:
    return [item["state"] for item in document["items"]]


def test_cancel_says_what_it_stopped(client: FlaskClient, half_done: Submission):
    response = client.post(f"{JOBS}/{half_done.job.id}/cancel")
    assert response.status_code == 200
    assert response.json["canceled"] == {"waiting": 1, "running": 1, "ended": 2}
    assert response.json["job"]["state"] == "canceled"
    assert states(response.json["job"]) == ["succeeded", "failed", "canceled", "canceled"]
    assert len(response.json["job"]["items"][0]["outputs"]) == 1
    again = client.post(f"{JOBS}/{half_done.job.id}/cancel").json
    assert again["canceled"] == {"waiting": 0, "running": 0, "ended": 4}


def test_retry_of_a_job_starts_what_failed(client: FlaskClient, half_done: Submission):
    response = client.post(f"{JOBS}/{half_done.job.id}/retry")
    assert response.status_code == 202
    assert states(response.json) == ["succeeded", "pending", "running", "pending"]
    again = client.post(f"{JOBS}/{half_done.job.id}/retry")
    assert (again.status_code, again.json["code"]) == (409, "nothing-to-retry")


def test_retry_of_an_item_starts_it_alone(client: FlaskClient, half_done: Submission):
    client.post(f"{JOBS}/{half_done.job.id}/cancel")
    response = client.post(f"/api/v1/items/{half_done.due[3].id}/retry")
    assert response.status_code == 202
    assert states(response.json) == ["succeeded", "failed", "canceled", "pending"]
    assert response.json["state"] == "queued"
    for number in (0, 3):
        refused = client.post(f"/api/v1/items/{half_done.due[number].id}/retry")
        assert (refused.status_code, refused.json["code"]) == (409, "nothing-to-retry")


def test_delete_leaves_nothing(client: FlaskClient, half_done: Submission, tmp_path):
    output_url = client.get(f"{JOBS}/{half_done.job.id}").json["items"][0]["outputs"][0]["url"]
    with client.get(output_url) as download:
        assert download.data == b"result"
    response = client.delete(f"{JOBS}/{half_done.job.id}")
    assert (response.status_code, response.data) == (204, b"")
    assert client.get(f"{JOBS}/{half_done.job.id}").status_code == 404
    assert client.get(output_url).status_code == 404
    assert client.delete(f"{JOBS}/{half_done.job.id}").status_code == 404
    assert files_below(tmp_path / "media") == []


def test_a_deletion_whose_files_can_not_go_yet_is_one_all_the_same(
    client: FlaskClient, half_done: Submission, tmp_path, monkeypatch: pytest.MonkeyPatch
):
    """The rows are gone, and what is left is the collection's."""

    def read_only(*_: object) -> None:
        raise StorageUnavailable("Read-only file system")

    monkeypatch.setattr(Store, "remove", read_only)
    assert client.delete(f"{JOBS}/{half_done.job.id}").status_code == 204
    assert client.get(f"{JOBS}/{half_done.job.id}").status_code == 404
    assert len(files_below(tmp_path / "media")) == 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", f"{JOBS}/{uuid4()}/cancel"),
        ("POST", f"{JOBS}/{uuid4()}/retry"),
        ("DELETE", f"{JOBS}/{uuid4()}"),
        ("POST", f"/api/v1/items/{uuid4()}/retry"),
    ],
)
def test_what_is_not_there_is_a_404(client: FlaskClient, method: str, path: str):
    response = client.open(path, method=method)
    assert (response.status_code, response.json["code"]) == (404, "not-found")


def test_a_page_of_another_site_can_change_nothing(client: FlaskClient, app: Flask, half_done: Submission):
    job, item = half_done.job.id, half_done.due[1].id
    changes = [
        ("POST", "/api/v1/recipes"),
        ("POST", "/api/v1/assets"), ("DELETE", f"/api/v1/assets/{uuid4()}"), ("POST", f"/api/v1/assets/{uuid4()}/plan"),
        ("POST", "/api/v1/status/lanes/bulk/pause"), ("POST", "/api/v1/status/lanes/bulk/resume"),
        ("POST", "/api/v1/recipes/web-images/plan"),
        ("POST", JOBS), ("POST", f"{JOBS}/{job}/cancel"), ("POST", f"{JOBS}/{job}/retry"), ("DELETE", f"{JOBS}/{job}"),
        ("POST", f"/api/v1/items/{item}/retry"), ("POST", "/"), ("POST", f"/jobs/{job}/cancel"),
        ("POST", f"/jobs/{job}/retry"), ("POST", f"/jobs/{job}/delete"), ("POST", f"/items/{item}/retry"),
        ("POST", "/api/v1/webhooks"), ("PATCH", "/api/v1/webhooks/shop"), ("DELETE", "/api/v1/webhooks/shop"),
        *(("POST", f"/api/v1/webhooks/shop/{act}") for act in ("rotate", "pause", "resume", "ping")),
        ("POST", f"/api/v1/deliveries/{job}/redeliver"),
    ]  # fmt: skip
    for method, path in changes:
        response = client.open(path, method=method, headers={"Sec-Fetch-Site": "cross-site"})
        assert response.status_code == 403, path
    with app.app_context():
        assert rows.states() == [ItemState.SUCCEEDED, ItemState.FAILED, ItemState.RUNNING, ItemState.PENDING]
    assert client.get(f"{JOBS}/{job}", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_every_route_that_changes_something_is_in_the_test_above(app: Flask):
    """A new one must not be forgotten there."""
    changing = [rule.rule for rule in app.url_map.iter_rules() if rule.methods & {"POST", "DELETE", "PUT", "PATCH"}]
    assert len(changing) == 25


def test_the_job_document_tells_the_timeline_of_each_item(client: FlaskClient, half_done: Submission):
    good, bad, running, waiting = client.get(f"{JOBS}/{half_done.job.id}").json["items"]
    assert [line["event"] for line in good["timeline"]] == ["accepted", "claimed", "succeeded"]
    claimed_line, failed = bad["timeline"][1:]
    assert set(claimed_line) == {"at", "event", "attempt", "worker"}
    assert claimed_line["worker"] == "host:1"
    assert (failed["event"], failed["code"], failed["detail"]) == ("failed", "damaged-file", DAMAGED.message)
    assert bad["error"] == {"code": "damaged-file", "message": DAMAGED.message}
    assert [line["event"] for line in waiting["timeline"]] == ["accepted"]
    assert waiting["waits_because"] == NO_WORKER
    assert running["waits_because"] is good["waits_because"] is None
    assert all(UUID(item["id"]) for item in (good, bad, running, waiting))
