"""The buttons of a job's page."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import items, jobs
from app.jobs import Submission
from app.models import ItemState
from app.storage import Store
from tests import rows
from tests.app.test_waiting import NO_WORKER
from tests.factories import DAMAGED, PATIENCE, claimed, submitted


@pytest.fixture
def half_failed(app: Flask, store: Store) -> Submission:
    """A job with an item that failed and one that waits."""
    with app.app_context():
        submission = submitted(store, "bad.jpg", "waiting.jpg")
        assert items.fail(claimed(submission.due[0].id), DAMAGED, PATIENCE)
    return submission


def states(app: Flask) -> list[ItemState]:
    with app.app_context():
        return rows.states()


def test_cancel_stops_the_job_and_leads_back_to_it(client: FlaskClient, app: Flask, half_failed: Submission):
    page = f"/jobs/{half_failed.job.id}"
    assert "Cancel" in client.get(page).text
    response = client.post(f"{page}/cancel")
    assert (response.status_code, response.headers["Location"]) == (303, page)
    assert states(app) == [ItemState.FAILED, ItemState.CANCELED]
    assert f'action="{page}/cancel"' not in client.get(page).text, "there is nothing left to cancel"


def test_retry_starts_what_failed(client: FlaskClient, app: Flask, half_failed: Submission):
    page = f"/jobs/{half_failed.job.id}"
    assert "Retry 1 failed" in client.get(page).text
    assert client.post(f"{page}/retry").headers["Location"] == page
    assert states(app) == [ItemState.PENDING, ItemState.PENDING]
    assert "failed</button>" not in client.get(page).text
    assert client.post(f"{page}/retry").status_code == 409


def test_one_file_can_be_retried(client: FlaskClient, app: Flask, half_failed: Submission):
    address = f"/items/{half_failed.due[0].id}/retry"
    assert address in client.get(f"/jobs/{half_failed.job.id}").text
    assert client.post(address).headers["Location"] == f"/jobs/{half_failed.job.id}"
    assert states(app) == [ItemState.PENDING, ItemState.PENDING]


def test_delete_leads_to_the_list(client: FlaskClient, app: Flask, half_failed: Submission):
    response = client.post(f"/jobs/{half_failed.job.id}/delete")
    assert (response.status_code, response.headers["Location"]) == (303, "/jobs")
    assert client.get(f"/jobs/{half_failed.job.id}").status_code == 404
    assert states(app) == []


def test_the_page_tells_why_an_item_waits_and_what_happened_to_it(client: FlaskClient, half_failed: Submission):
    page = client.get(f"/jobs/{half_failed.job.id}").text
    assert NO_WORKER in page
    assert "claimed by <code>worker</code>" in page
    assert DAMAGED.message in page


def test_a_canceled_job_stays_still(client: FlaskClient, app: Flask, half_failed: Submission):
    with app.app_context():
        jobs.cancel(half_failed.job.id)
    page = client.get(f"/jobs/{half_failed.job.id}").text
    assert "data-live" not in page
    assert "1 canceled" in page
