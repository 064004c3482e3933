"""Uploads, deletions and collections of the same few bytes, by processes that know nothing of each other."""

import os
import random
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app import jobs, recipes
from app.collection import collect, remove_unnamed
from app.database import db, dispose_after_fork
from app.errors import TemporaryError
from app.storage import Store
from tests.app.test_collection import NOW
from tests.factories import files_below, received

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

ACCEPTED = 30
"""So many uploads of each process must get through; how many tries that takes, the machine decides."""
_SECONDS = 90


def beside(work: Callable[[], None]) -> int:
    """Do the work in a forked process; its exit code is 0 where nothing was wrong."""
    pid = os.fork()
    if pid == 0:
        try:
            dispose_after_fork()
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return pid


def submit_and_delete(store: Store, seed: int) -> None:
    """A row that is committed has its file, for as long as it stands; most stand for a moment only."""
    dice, accepted, deadline = random.Random(seed), 0, time.monotonic() + _SECONDS
    recipe = recipes.latest(recipes.DEFAULT)
    while accepted < ACCEPTED:
        assert time.monotonic() < deadline, f"only {accepted} uploads got through"
        try:
            file = received(store, content=b"the same for all")
            job_id = jobs.submit([file], store.has, recipe=recipe).job.id
        except TemporaryError:
            continue
        accepted += 1
        for _ in range(dice.randrange(3)):
            time.sleep(dice.random() / 1000)  # others come in between
            assert store.has(file.stored.sha256), "accepted, and gone"
        hashes = jobs.remove(job_id)
        if dice.random() < 0.5:  # otherwise the collector does it
            remove_unnamed(store, hashes)


def collect_again_and_again(store: Store, done: Path) -> None:
    """Now and then it leaves as much time as an upload takes: without, it would win every race on a busy machine."""
    dice = random.Random(0)
    while not done.exists():
        collect(store, NOW)
        time.sleep(dice.choice((0, 0, 0.02)))


def test_no_row_is_ever_without_its_file(context: Flask, store: Store, tmp_path: Path):
    seed = random.randrange(10**6)
    print("seed", seed)
    done = tmp_path / "done"
    db.session.remove()
    workers = [beside(lambda number=number: submit_and_delete(store, seed + number)) for number in range(2)]
    collector = beside(lambda: collect_again_and_again(store, done))
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers]
    done.touch()
    codes.append(os.waitstatus_to_exitcode(os.waitpid(collector, 0)[1]))
    assert codes == [0, 0, 0], seed
    assert collect(store, NOW).files in (0, 1)
    assert files_below(tmp_path / "media") == [], seed
