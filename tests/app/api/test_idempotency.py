"""Idempotency-Key: the same request twice is done once; what differs, or is under way, is refused."""

import datetime as dt
import io
import json
from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from app import idempotency, jobs, owners, submission
from app.database import db, transaction, utc_now
from app.errors import FilesCollected, KeyInUse, KeyReused
from app.models import IdempotentRequest, Job
from tests.factories import files_below, photo

JOBS = "/api/v1/jobs"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


def send(
    client: FlaskClient, key: str | None = KEY, name: str = "a.jpg", width: int = 64, **fields: str
) -> TestResponse:
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(JOBS, data={"file": (io.BytesIO(photo(width)), name), **fields}, headers=headers)


def count_of_jobs(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count(Job.id))) or 0


def change(app: Flask, **values: object) -> None:
    with app.app_context(), transaction() as session:
        session.execute(update(IdempotentRequest).values(values))


def test_the_same_request_gives_the_first_answer_and_one_job(client: FlaskClient, app: Flask):
    first, again = send(client), send(client)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.data == first.data
    for header in ("Location", "Retry-After", "Content-Type"):
        assert again.headers[header] == first.headers[header]
    assert count_of_jobs(app) == 1


def test_it_is_the_first_answer_also_when_the_job_has_gone_on_or_is_gone(client: FlaskClient, app: Flask):
    first = send(client)
    client.delete(first.json["url"])
    assert send(client).data == first.data
    assert count_of_jobs(app) == 0


def test_a_key_in_quotes_is_the_same_as_without(client: FlaskClient):
    assert send(client, f'"{KEY}"').data == send(client).data


def test_another_form_of_the_same_request_is_the_same(client: FlaskClient):
    """Another boundary, and the fields in another order."""
    parts = {
        "file": b'Content-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n' + photo(),
        "lane": b'Content-Disposition: form-data; name="lane"\r\n\r\nbulk',
        "vars": b'Content-Disposition: form-data; name="vars"\r\n\r\n{}',
    }
    answers = []
    for edge, names in ((b"one", ["file", "lane"]), (b"two", ["lane", "vars", "file"])):
        body = b"".join(b"--" + edge + b"\r\n" + parts[name] + b"\r\n" for name in names) + b"--" + edge + b"--\r\n"
        kind = f"multipart/form-data; boundary={edge.decode()}"
        answers.append(client.post(JOBS, data=body, content_type=kind, headers={"Idempotency-Key": KEY}))
    assert answers[0].status_code == answers[1].status_code == 202
    assert answers[0].data == answers[1].data


@pytest.mark.parametrize("other", [{"name": "b.jpg"}, {"width": 65}, {"lane": "bulk"}, {"recipe": "avatar"}])
def test_another_request_with_the_key_is_refused(client: FlaskClient, app: Flask, other: dict):
    send(client)
    refused = send(client, **other)
    assert (refused.status_code, refused.json["code"]) == (422, "key-reused")
    assert count_of_jobs(app) == 1


def test_a_job_of_assets_is_made_once_too(client: FlaskClient, app: Flask):
    form = {"file": (io.BytesIO(photo()), "a.jpg")}
    asset = client.post("/api/v1/assets", data=form).json["assets"][0]["id"]
    sent = [{"assets": [asset]}, {"lane": None, "assets": [asset], "vars": {}}]
    answers = [client.post(JOBS, json=body, headers={"Idempotency-Key": KEY}) for body in sent]
    assert answers[0].data == answers[1].data
    assert count_of_jobs(app) == 1
    assert client.post(JOBS, json={"assets": [asset] * 2}, headers={"Idempotency-Key": KEY}).status_code == 422


def test_different_keys_make_different_jobs(client: FlaskClient, app: Flask):
    """Upper and lower case are different."""
    for key in ("a", "A", None, None):
        assert send(client, key).status_code == 202
    assert count_of_jobs(app) == 4


@pytest.mark.parametrize("key", ["", '""', "a b", "ü", '"a', "x" * 256, 'a"b'])
def test_what_is_no_key_is_refused(client: FlaskClient, app: Flask, key: str):
    refused = client.post(JOBS, data={"file": (io.BytesIO(photo()), "a.jpg")}, headers={"Idempotency-Key": key})
    assert (refused.status_code, refused.json["errors"][0]["parameter"]) == (400, "Idempotency-Key")
    assert count_of_jobs(app) == 0


@pytest.fixture
def while_submitting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Something that happens while a request is worked on, before its job is committed."""
    submit = jobs.submit

    def arrange(happens: Callable[[], None]) -> None:
        def submitting(*args, **kwargs):
            monkeypatch.setattr(jobs, "submit", submit)
            happens()
            return submit(*args, **kwargs)

        monkeypatch.setattr(jobs, "submit", submitting)

    return arrange


def test_a_request_that_is_under_way_is_answered_with_409(client: FlaskClient, app: Flask, while_submitting):
    meanwhile = []
    while_submitting(lambda: meanwhile.append(send(app.test_client())))
    assert send(client).status_code == 202
    [refused] = meanwhile
    assert (refused.status_code, refused.json["code"]) == (409, "key-in-use")
    assert int(refused.headers["Retry-After"]) > 0
    assert count_of_jobs(app) == 1


@pytest.mark.parametrize("failing", [FilesCollected("gone"), RuntimeError("a fault of ours"), KeyboardInterrupt()])
def test_a_request_that_fails_may_be_sent_again(
    client: FlaskClient, app: Flask, while_submitting, failing: BaseException
):
    def fail() -> None:
        raise failing

    while_submitting(fail)
    if isinstance(failing, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            send(client)
    else:
        assert send(client).status_code in (500, 503)
    assert send(client).status_code == 202
    assert count_of_jobs(app) == 1


def test_a_request_that_was_wrong_may_be_corrected_under_its_key(client: FlaskClient):
    assert send(client, recipe="nothing").status_code == 404
    assert send(client).status_code == 202


def test_what_a_dead_process_left_is_taken_over_at_once(client: FlaskClient, app: Flask):
    with app.app_context():
        idempotency.reserve("", KEY)
    boot, space, _, _ = owners.this_process().split(":")
    change(app, holder=f"{boot}:{space}:4194304:1")
    assert send(client).status_code == 202


def test_what_nobody_answers_is_taken_over_later(client: FlaskClient, app: Flask):
    with app.app_context():
        idempotency.reserve("", KEY)
    change(app, holder="elsewhere:1:1:1")
    assert send(client).status_code == 409
    change(app, created_at=utc_now() - idempotency._UNDER_WAY_FOR)
    assert send(client).status_code == 202


def test_who_was_taken_over_makes_no_job(client: FlaskClient, app: Flask, while_submitting):
    meanwhile = []

    def overtake() -> None:
        change(app, created_at=utc_now() - idempotency._UNDER_WAY_FOR)
        meanwhile.append(send(app.test_client()))

    while_submitting(overtake)
    late = send(client)
    assert (late.status_code, meanwhile[0].status_code) == (409, 202)
    assert count_of_jobs(app) == 1
    assert send(client).data == meanwhile[0].data, "his failure did not take the answer away"


def test_after_24_hours_a_key_is_new(client: FlaskClient, app: Flask):
    first = send(client)
    change(app, created_at=utc_now() - idempotency.KEPT_FOR + dt.timedelta(minutes=1))
    assert send(client).data == first.data
    change(app, created_at=utc_now() - idempotency.KEPT_FOR)
    assert send(client, width=70).status_code == 202
    assert count_of_jobs(app) == 2


def test_old_keys_are_forgotten(context: Flask):
    for key in ("old", "new"):
        idempotency.reserve("", key)
    third = idempotency.reserve("", "third")
    with transaction() as session:
        old = update(IdempotentRequest).where(IdempotentRequest.key == third.key)
        session.execute(old.values(created_at=utc_now() - idempotency.KEPT_FOR - dt.timedelta(seconds=1)))
    with transaction() as session:
        idempotency.forget_old(session, utc_now())
    assert db.session.scalar(select(func.count()).select_from(IdempotentRequest)) == 2


def test_a_key_is_its_owners(context: Flask):
    idempotency.reserve("one", KEY)
    idempotency.reserve("two", KEY)
    with pytest.raises(KeyInUse):
        idempotency.reserve("one", KEY)


def test_an_answer_is_given_to_its_own_request_only():
    answer = idempotency.Answer("0" * 64, 202, {}, b"{}", UUID(int=1))
    assert answer.of("0" * 64) is answer
    with pytest.raises(KeyReused):
        answer.of("1" * 64)


def test_a_repeated_upload_leaves_no_second_file(client: FlaskClient, tmp_path):
    send(client)
    before = files_below(tmp_path / "media")
    send(client)
    assert files_below(tmp_path / "media") == before


def test_a_repeated_request_is_answered_however_many_wait(client: FlaskClient, app: Flask, monkeypatch):
    first = send(client)
    monkeypatch.setattr(type(app.extensions["darkroom"].admission), "check_queue", lambda *_: pytest.fail("asked"))
    assert send(client).data == first.data


def test_the_fingerprint_is_of_all_that_is_asked_for():
    order = submission.Order(variables={"a": 1, "b": "x"})
    assert order.fingerprint == submission.Order(variables={"b": "x", "a": 1}).fingerprint
    others = [
        submission.Order(variables={"a": 1}),
        submission.Order(recipe="x"),
        submission.Order(assets=[UUID(int=1)]),
    ]
    assert len({one.fingerprint for one in (order, *others)}) == 4
    assert json.dumps({"a": True}) != json.dumps({"a": 1}), "true is not 1"
