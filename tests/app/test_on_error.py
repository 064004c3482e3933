"""A recipe may stop a job with the first file that fails."""

import pytest
from flask import Flask

from app import items, jobs
from app.errors import Retry
from app.items import Failure, Patience
from app.models import ItemState, JobState
from app.recipes import parse
from app.storage import Store
from tests import rows
from tests.factories import DAMAGED, LEASE, PATIENCE, claimed, received, succeed

CRASH = Failure("crashed", "It crashed.", Retry.COUNTED)


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def submitted(store: Store, on_error: str, files: int = 4):
    recipe = parse({
        "schema": 1, "name": "strict", "version": 1,
        "outputs": {"small": {"formats": ["jpeg"]}}, "run": {"on_error": on_error},
    })  # fmt: skip
    return jobs.submit([received(store) for _ in range(files)], store.has, recipe=recipe)


@pytest.mark.parametrize("failure", [DAMAGED, CRASH], ids=["failed", "quarantined"])
def test_the_first_failure_cancels_the_rest(store: Store, failure: Failure):
    submission = submitted(store, "cancel")
    done, running, bad = (claimed(due.id) for due in submission.due[:3])
    assert succeed(done)
    assert items.fail(bad, failure, Patience(1, 0, LEASE))
    job = rows.job(submission.job.id)
    assert (job.state, job.succeeded, job.failed + job.quarantined, job.canceled) == (JobState.CANCELED, 1, 1, 2)
    assert not items.is_held(running)
    last = rows.events(submission.due[3].id)[-1]
    assert (last.kind, last.detail) == ("canceled", "Another file of the job has failed.")


def test_otherwise_the_rest_goes_on(store: Store):
    submission = submitted(store, "continue")
    assert items.fail(claimed(submission.due[0].id), DAMAGED, PATIENCE)
    assert rows.states() == [ItemState.FAILED, *[ItemState.PENDING] * 3]


def test_trouble_that_passes_cancels_nothing(store: Store):
    submission = submitted(store, "cancel")
    items.fail(claimed(submission.due[0].id), Failure("storage-full", "Full.", Retry.PATIENT), PATIENCE)
    assert rows.states() == [ItemState.PENDING] * 4
