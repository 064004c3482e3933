import io
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import items, jobs
from app.database import db
from app.storage import Store
from tests.factories import DAMAGED, PATIENCE, claimed, output, photo, submitted


def upload(client: FlaskClient, name: str = "photo.jpg"):
    return client.post("/", data={"file": (io.BytesIO(photo()), name)})


def test_the_form_leads_to_the_jobs_page(client: FlaskClient):
    response = upload(client)
    assert response.status_code == 303
    page = client.get(response.headers["Location"])
    assert page.status_code == 200
    assert "photo.jpg" in page.text


def test_the_home_page_says_what_is_accepted_and_what_is_made(client: FlaskClient):
    page = client.get("/").text
    assert "JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF or BMP, and PDF for recipes that take it" in page
    assert "1600-webp" in page
    assert "100 megapixels" in page
    assert "None yet" in page


def test_a_refused_form_says_why_on_the_page_itself(client: FlaskClient):
    response = client.post("/", data=b"--x\r\n", content_type="multipart/form-data; boundary=x")
    assert response.status_code == 400
    assert 'role="alert"' in response.text
    assert "before its closing boundary" in response.text


def test_an_unfinished_job_reloads_itself_with_and_without_javascript(client: FlaskClient):
    page = client.get(upload(client).headers["Location"]).text
    assert "data-live" in page
    assert '<noscript><meta http-equiv="refresh"' in page


def test_a_finished_job_stays_still_and_shows_the_error_of_each_file(client: FlaskClient, app: Flask, store: Store):
    with app.app_context():
        submission = submitted(store)
        assert items.fail(claimed(submission.due[0].id), DAMAGED, PATIENCE)
    page = client.get(f"/jobs/{submission.job.id}").text
    assert "photo.jpg: it is cut off" in page
    assert "data-live" not in page


@pytest.mark.parametrize(
    ("pages", "words"),
    [({"made": 20, "of": 143}, "the first 20 of 143 pages"), ({"made": 1, "of": 3}, "the first of 3 pages"),
     ({"made": 3, "of": 3}, " · 3 pages")],
)  # fmt: skip
def test_the_page_of_a_job_says_of_how_many_pages_something_was_made(
    client: FlaskClient, app: Flask, store: Store, pages: dict[str, int], words: str
):
    with app.app_context():
        submission = submitted(store, "scan.pdf")
        claim = claimed(submission.due[0].id)
        facts = {"media_type": "application/pdf", "width": 595, "height": 842, "frames": pages["of"]}
        data = {"placeholder": "00", "dominant_color": "#ffffff", "pages": pages}
        assert items.succeed(claim, facts, [output(claim)], data, lambda _: True)
    assert words in client.get(f"/jobs/{submission.job.id}").text
    assert client.get(f"/api/v1/jobs/{submission.job.id}").json["items"][0]["data"]["pages"] == pages


def test_the_list_pages_through_all_jobs(client: FlaskClient, context: Flask, store: Store):
    made = [submitted(store).job.id for _ in range(51)]
    first = client.get("/jobs").text
    second = client.get(f"/jobs?before={jobs.newest(50)[-1].id}").text
    assert first.count("<td><a") == 50
    assert str(made[0]) in second
    assert "Older jobs" in first
    assert "Older jobs" not in second


def test_names_are_text_and_never_markup(client: FlaskClient):
    page = client.get(upload(client, "<b onx=1>.jpg").headers["Location"]).text
    assert "&lt;b onx=1&gt;.jpg" in page
    assert "<b onx" not in page


@pytest.mark.parametrize("path", [f"/jobs/{uuid4()}", f"/outputs/{UUID(int=0)}", "/nothing", "/jobs/1"])
def test_what_is_not_there_is_a_page_that_says_so(client: FlaskClient, path: str):
    response = client.get(path)
    assert response.status_code == 404
    assert response.mimetype == "text/html"
    assert "New job" in response.text


def test_pages_allow_no_inline_script_and_no_other_host(client: FlaskClient):
    response = client.get("/")
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    assert "<style" not in response.text
    assert "style=" not in response.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def break_database(app: Flask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE jobs RENAME TO gone")


def test_health_asks_the_database(client: FlaskClient, app: Flask):
    assert client.get("/healthz").json == {"status": "ok"}
    break_database(app)
    assert client.get("/healthz").status_code == 503


def test_a_database_that_does_not_answer_is_a_503_with_retry_after(client: FlaskClient, app: Flask):
    break_database(app)
    response = client.get("/api/v1/jobs")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert "gone" not in response.text
    assert "SELECT" not in response.text
