"""An interactive item does not wait behind the many of the bulk lane."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import photo
from tests.system import System
from tests.waiting import wait_until

FILES = 40
TAKEN = 8
"""More than a worker with two processes takes from the broker at once."""


@pytest.fixture(scope="module")
def system(broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("system"), broker_url) as running:
        yield running


def published(system: System, job: dict[str, Any]) -> bool:
    return all(item["state"] == "queued" for item in system.job(job["id"])["items"])


def claimed_at(item: dict[str, Any]) -> str:
    return next(str(line["at"]) for line in item["timeline"] if line["event"] == "claimed")


def test_an_interactive_item_starts_before_the_bulk_ones_that_wait_longer(system: System):
    """All of them wait in the broker when the worker comes."""
    assert system.terminate("worker") == 0
    bulk = system.submit(*[(f"{n}.jpg", photo(64 + n, 48)) for n in range(FILES)], lane="bulk")
    wait_until(lambda: published(system, bulk), 60, "the bulk items wait in the broker")
    now = system.submit(("now.jpg", photo()))
    wait_until(lambda: published(system, now), 60, "and the interactive one behind them")
    system.start("worker")
    began = claimed_at(system.finished(now["id"])["items"][0])
    before = [item for item in system.finished(bulk["id"])["items"] if claimed_at(item) < began]
    assert len(before) <= TAKEN
