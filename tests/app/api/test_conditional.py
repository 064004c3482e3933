"""Conditional requests: a poll of an unchanged job reads one row; results are fetched in parts and kept for ever."""

import datetime as dt
from collections.abc import Callable
from hashlib import sha256
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from app import dispatch, items, jobs, lanes
from app.database import utc_now
from app.errors import Retry
from app.items import Failure
from app.jobs import Submission
from app.models import Lane
from app.storage import Store
from tests import rows
from tests.factories import DAMAGED, ELSEWHERE, LEASE, PATIENCE, claimed, output, received, submitted, succeed

JOBS = "/api/v1/jobs"


@pytest.fixture
def job(app: Flask, store: Store) -> Submission:
    with app.app_context():
        return submitted(store, "a.jpg", "b.jpg")


def statements(client: FlaskClient, url: str, **headers: str) -> tuple[int, list[str]]:
    seen: list[str] = []

    def note(connection, cursor, statement, parameters, context, many) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        status = client.get(url, headers=headers).status_code
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    return status, [statement for statement in seen if not statement.startswith("BEGIN")]


def test_a_poll_of_an_unchanged_job_reads_one_row(client: FlaskClient, job: Submission):
    url = f"{JOBS}/{job.job.id}"
    tag = client.get(url).headers["ETag"]
    assert tag.startswith('W/"'), "what waits_because says may change meanwhile"
    status, asked = statements(client, url, **{"If-None-Match": tag})
    assert status == 304
    assert len(asked) == 1
    assert "FROM jobs" in asked[0]
    assert "WHERE jobs.id = ?" in asked[0]
    answer = client.get(url, headers={"If-None-Match": f'"other", {tag}'})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
    assert "no-cache" in answer.headers["Cache-Control"]
    assert client.get(url, headers={"If-None-Match": "*"}).status_code == 304
    assert client.get(url, headers={"If-None-Match": 'W/"other"'}).status_code == 200
    assert client.get(f"{JOBS}/{UUID(int=0)}", headers={"If-None-Match": "*"}).status_code == 404


def claim_first(job: Submission) -> items.Claim:
    return claimed(job.due[0].id)


def failed(job: Submission, failure: Failure) -> None:
    assert items.fail(claim_first(job), failure, PATIENCE)


def lose(job: Submission) -> None:
    claim_first(job)
    assert rows.lose(job.due[0].id, PATIENCE)


def published(job: Submission) -> None:
    dispatch.mark_published(rows.due(dt.timedelta(minutes=1)), utc_now())


def retried(job: Submission) -> None:
    failed(job, DAMAGED)
    before = rows.job(job.job.id).revision
    assert jobs.retry(job.job.id)
    assert rows.job(job.job.id).revision > before


def released(job: Submission) -> None:
    claim_first(job)
    before = rows.job(job.job.id).revision
    assert items.release(ELSEWHERE) == 1
    assert rows.job(job.job.id).revision > before


CHANGES: dict[str, Callable[[Submission], object]] = {
    "published": published,
    "claimed": claim_first,
    "succeeded": lambda job: succeed(claim := claim_first(job), output(claim)),
    "failed": lambda job: failed(job, DAMAGED),
    "backed off": lambda job: failed(job, Failure("storage-full", "No room.", Retry.PATIENT)),
    "struck": lambda job: failed(job, Failure("crashed", "It crashed.", Retry.COUNTED)),
    "handed back": lambda job: items.hand_back(claim_first(job)),
    "released": released,
    "lost": lose,
    "canceled": lambda job: jobs.cancel(job.job.id),
    "retried": retried,
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_happens_to_a_job_is_seen(client: FlaskClient, app: Flask, job: Submission, name: str):
    url = f"{JOBS}/{job.job.id}"
    before = client.get(url)
    with app.app_context():
        CHANGES[name](job)
    after = client.get(url, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json != before.json
    assert client.get(url, headers={"If-None-Match": after.headers["ETag"]}).status_code == 304


def test_what_changes_nothing_is_not_seen(client: FlaskClient, app: Flask, job: Submission):
    url = f"{JOBS}/{job.job.id}"
    with app.app_context():
        claim = claim_first(job)
    tag = client.get(url).headers["ETag"]
    with app.app_context():
        assert items.renew(claim, LEASE)
        lanes.make_due(Lane.INTERACTIVE)
        assert items.claim(job.due[0].id, ELSEWHERE, "another", LEASE) is None
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304


def test_several_jobs_are_revised_in_the_order_of_their_ids(context: Flask, store: Store, monkeypatch):
    """Who locks several rows locks them as everybody does: first the items, then the jobs."""
    made = [submitted(store) for _ in range(3)]
    seen: list[tuple[str, str]] = []

    def note(connection, cursor, statement, parameters, context, many) -> None:
        if statement.startswith("UPDATE"):
            seen.append((statement.split()[1], parameters[-1]))

    event.listen(Engine, "before_cursor_execute", note)
    dispatch.mark_published([submission.due[0] for submission in reversed(made)], utc_now())
    event.remove(Engine, "before_cursor_execute", note)
    assert [table for table, _ in seen] == ["items"] * 3 + ["jobs"] * 3
    assert [UUID(job_id) for _, job_id in seen[3:]] == sorted(submission.job.id for submission in made)


@pytest.fixture
def result(client: FlaskClient, app: Flask, store: Store) -> str:
    """Where a finished file can be downloaded: ten digits."""
    with app.app_context():
        submission = submitted(store)
        claim = claimed(submission.due[0].id)
        kept = received(store, content=b"0123456789")
        assert succeed(claim, output(claim, sha256=kept.stored.sha256))
    return client.get(f"{JOBS}/{submission.job.id}").json["items"][0]["outputs"][0]["url"]


def test_a_result_is_immutable_under_the_hash_of_its_content(client: FlaskClient, result: str):
    with client.get(result) as whole:
        tag = whole.headers["ETag"]
        assert tag == f'"{sha256(whole.data).hexdigest()}"'
        assert "immutable" in whole.headers["Cache-Control"]
        assert whole.headers["Accept-Ranges"] == "bytes"
    with client.get(result, headers={"If-None-Match": tag}) as known:
        assert known.status_code == 304


@pytest.mark.parametrize(
    ("asked", "status", "content", "range_"),
    [
        ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-100", 206, b"56789", "bytes 5-9/10"),
    ],
)
def test_a_result_is_fetched_in_parts(client, result: str, asked: str, status: int, content: bytes, range_: str):
    with client.get(result, headers={"Range": asked}) as part:
        assert (part.status_code, part.data, part.headers["Content-Range"]) == (status, content, range_)


def test_a_range_that_is_not_there_is_told_with_the_length(client: FlaskClient, result: str):
    refused = client.get(result, headers={"Range": "bytes=10-"})
    assert (refused.status_code, refused.headers["Content-Range"]) == (416, "bytes */10")


def test_a_part_belongs_to_the_file_that_is_known(client: FlaskClient, result: str):
    with client.head(result) as head:
        assert (head.status_code, head.data, head.content_length) == (200, b"", 10)
        tag = head.headers["ETag"]
    with client.get(result, headers={"Range": "bytes=2-4", "If-Range": tag}) as part:
        assert part.status_code == 206
    with client.get(result, headers={"Range": "bytes=2-4", "If-Range": '"other"'}) as whole:
        assert (whole.status_code, whole.data) == (200, b"0123456789")


def test_head_is_answered_wherever_get_is(app: Flask):
    for rule in app.url_map.iter_rules():
        assert "GET" not in rule.methods or "HEAD" in rule.methods, rule
