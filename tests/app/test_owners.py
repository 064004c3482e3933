"""Taking over from the dead: at once where the death is certain, never from the living."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from app import dispatch, owners
from app.database import utc_now
from app.models import ItemState
from app.storage import Store
from tests import rows
from tests.factories import ELSEWHERE, PATIENCE, claimed, submitted
from tests.waiting import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


@contextmanager
def child() -> Iterator[tuple[int, str]]:
    """The pid and the owner of a process that lives until it is killed and waited for."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, owners.this_process().encode())
        signal.pause()
        os._exit(0)
    try:
        yield pid, os.read(reader, 1000).decode()
    finally:
        os.close(reader)
        os.close(writer)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]


def test_the_living_are_not_dead():
    assert not owners.is_provably_dead(owners.this_process())
    with child() as (_, owner):
        assert not owners.is_provably_dead(owner)


def test_a_zombie_is_dead():
    """It was killed, and nobody has waited for it yet."""
    with child() as (pid, owner):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: state_of(pid) == "Z", 10, "the child is a zombie")
        assert owners.is_provably_dead(owner)


def test_a_process_that_is_gone_is_dead():
    with child() as (_, owner):
        pass
    assert owners.is_provably_dead(owner)


def test_a_stopped_process_is_not_dead():
    """SIGSTOP, a debugger, a laptop's lid: it may go on; its lease decides."""
    with child() as (pid, owner):
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: state_of(pid) == "T", 10, "the child is stopped")
        assert not owners.is_provably_dead(owner)


def test_a_process_with_the_number_of_a_dead_one_is_another():
    """The kernel gives numbers of the dead to the newly born; the time of birth tells them apart."""
    space, pid, started = owners.this_process().rsplit(":", 2)
    assert owners.is_provably_dead(f"{space}:{pid}:{int(started) - 1}")


def test_an_owner_names_the_boot_the_container_the_process_and_its_birth():
    """Whichever of them were left out, a process elsewhere could pass for one of here that is dead."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    namespace = Path("/proc/self/ns/pid").stat().st_ino
    born = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()[19]
    assert owners.this_process() == f"{boot}:{namespace}:{os.getpid()}:{born}"


def test_a_process_that_proc_hides_is_not_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As hidepid does it with those of other users; what is gone altogether is dead all the same."""
    with child() as (_, owner), monkeypatch.context() as patched:
        patched.setattr(owners, "_PROC", tmp_path)
        assert not owners.is_provably_dead(owner)
    monkeypatch.setattr(owners, "_PROC", tmp_path)
    assert owners.is_provably_dead(owner)


@pytest.mark.parametrize("owner", [ELSEWHERE, "", "x", ":1:1"])
def test_nothing_is_proved_of_what_runs_elsewhere(owner: str):
    assert not owners.is_provably_dead(owner)


def test_another_boot_or_another_container_proves_nothing():
    boot, namespace, _, started = owners.this_process().split(":")
    gone = 4_194_305  # above the largest pid_max: nobody has this number
    assert owners.is_provably_dead(f"{boot}:{namespace}:{gone}:{started}")
    assert not owners.is_provably_dead(f"{boot}x:{namespace}:{gone}:{started}")
    assert not owners.is_provably_dead(f"{boot}:{namespace}1:{gone}:{started}")


def test_an_item_of_a_dead_process_is_taken_over_long_before_its_lease_ends(context: Flask, store: Store):
    with child() as (_, owner):
        claim = claimed(submitted(store).due[0].id, owner=owner)
        seen = rows.attempt(claim.item_id)
        assert not dispatch.take_back(seen, PATIENCE), "it lives"
    assert seen.lease_until > utc_now()
    assert dispatch.take_back(seen, PATIENCE)
    assert rows.only_item().state == ItemState.PENDING
    assert claimed(claim.item_id).attempt == 2


def test_an_item_that_was_claimed_again_is_not_taken_from_the_living(context: Flask, store: Store):
    """Seen as lost while a dead process held it; now this process does."""
    with child() as (_, owner):
        claim = claimed(submitted(store).due[0].id, owner=owner)
    seen = rows.attempt(claim.item_id)
    assert dispatch.take_back(seen, PATIENCE)
    claimed(claim.item_id, owner=owners.this_process())
    assert not dispatch.take_back(seen, PATIENCE)
    assert rows.only_item().state == ItemState.RUNNING
