"""Work in a process of its own: its result or its error comes through, and it can be killed at any moment."""

import errno
import faulthandler
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from app.errors import (
    Crashed,
    DamagedFile,
    DarkroomError,
    EmptyFile,
    FilesCollected,
    Retry,
    StorageFull,
    StorageUnavailable,
    TimedOut,
    TooManyPixels,
    UnsupportedFile,
)
from tasks import work
from tests.test_architecture import ROOT
from tests.waiting import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


def go_on() -> None:
    """The work is still wanted."""


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def do() -> NoReturn:
        raise error

    return do


def forever() -> NoReturn:
    while True:
        time.sleep(1)


def is_running(pid: int) -> bool:
    """Neither gone nor a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


@pytest.fixture(autouse=True)
def _no_child_is_left():
    before = children()
    yield
    assert children() == before, "a child is neither killed nor waited for"


@pytest.mark.parametrize(
    "value", [None, 7, "é", ["a", {"b": 1.5}], "x" * 1_000_000], ids=["none", "7", "é", "list", "1 MB"]
)
def test_the_result_comes_through(value: Any):
    assert work.run(lambda: value, go_on, 60) == value


def test_the_work_is_done_elsewhere():
    here = {"pid": os.getpid()}

    def change() -> int:
        here["pid"] = 0
        return os.getpid()

    assert work.run(change, go_on, 60) != os.getpid()
    assert here["pid"] == os.getpid()


@pytest.mark.parametrize("kind", [EmptyFile, UnsupportedFile, DamagedFile, TooManyPixels, StorageFull, FilesCollected])
def test_every_error_of_ours_comes_through_with_its_sentence(kind: type[DarkroomError]):
    with pytest.raises(kind, match="What was wrong"):
        work.run(raising(kind("What was wrong")), go_on, 60)


def test_the_code_of_an_error_names_one_class():
    """It is what crosses the pipe."""
    kinds = work._subclasses(DarkroomError)
    named = [kind.code for kind in kinds if "code" in vars(kind)]
    assert len(named) == len(set(named)) > 20


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EROFS, StorageUnavailable),
        (errno.EIO, StorageUnavailable),
    ],
)
def test_a_fault_of_the_disk_is_called_so_and_passes(number: int, kind: type[DarkroomError]):
    with pytest.raises(kind) as error:
        work.run(raising(OSError(number, os.strerror(number), "/media/tmp/x")), go_on, 60)
    assert error.value.retry == Retry.PATIENT
    assert "/media" not in str(error.value)


def test_too_little_memory_is_a_strike():
    with pytest.raises(work.OutOfMemory) as error:
        work.run(raising(MemoryError()), go_on, 60)
    assert error.value.retry == Retry.COUNTED


@pytest.mark.parametrize("error", [RuntimeError("secret"), OSError("secret"), KeyError("secret")], ids=repr)
def test_an_error_that_nobody_foresaw_is_internal_and_says_little(error: Exception):
    with pytest.raises(work.Internal) as raised:
        work.run(raising(error), go_on, 60)
    assert type(error).__name__ in str(raised.value)
    assert "secret" not in str(raised.value)
    assert raised.value.retry == Retry.COUNTED


def test_a_result_that_json_can_not_carry_is_a_crash_and_nothing_is_unpickled():
    with pytest.raises(Crashed, match="ended by itself with 1"):
        work.run(object, go_on, 60)


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGKILL, "was killed"), (signal.SIGSEGV, "ended by SIGSEGV"), (signal.SIGTERM, "ended by SIGTERM")],
)
def test_work_that_is_killed_is_a_crash(number: signal.Signals, words: str):
    with pytest.raises(Crashed, match=words) as error:
        work.run(lambda: (faulthandler.disable(), os.kill(os.getpid(), number)), go_on, 60)
    assert error.value.retry == Retry.COUNTED


@pytest.mark.parametrize("code", [0, 3])
def test_work_that_ends_its_process_is_a_crash(code: int):
    with pytest.raises(Crashed, match=f"ended by itself with {code}"):
        work.run(lambda: os._exit(code), go_on, 60)


def test_an_answer_that_is_cut_off_is_a_crash(monkeypatch: pytest.MonkeyPatch):
    """Killed while it wrote: what arrived is no answer."""

    def write_half(pipe: int, mode: str) -> NoReturn:
        os.write(pipe, b'{"result": [1, 2')
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    monkeypatch.setattr(os, "fdopen", write_half)  # only the child opens its end
    with pytest.raises(Crashed, match="was killed"):
        work.run(lambda: [1, 2, 3], go_on, 60)


def test_a_machine_that_has_no_room_for_another_process_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch):
    def no_room() -> NoReturn:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    before = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(os, "fork", no_room)
    with pytest.raises(work.MachineBusy) as error:
        work.run(lambda: 1, go_on, 60)
    assert error.value.retry == Retry.PATIENT
    assert len(list(Path("/proc/self/fd").iterdir())) == before, "no pipe is left open"


def test_work_that_takes_too_long_is_killed():
    with pytest.raises(TimedOut, match=r"longer than 0\.1 seconds and was stopped; ITEM_TIMEOUT_SECONDS") as error:
        work.run(forever, go_on, 0.1)
    assert error.value.retry == Retry.COUNTED


def test_work_that_begins_late_names_the_whole_time_as_the_limit():
    with pytest.raises(TimedOut, match=r"longer than 60 seconds"):
        work.run(forever, go_on, 60, until=time.monotonic() + 0.1)


def test_work_that_is_not_wanted_any_more_is_killed():
    """Whatever the look raises comes through."""

    class Enough(Exception):
        pass

    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise Enough

    with pytest.raises(Enough):
        work.run(forever, look, 60)


def test_a_program_that_was_started_by_the_work_does_not_hold_it_up():
    """It inherits neither the pipe nor the name of the work."""
    assert work.run(lambda: subprocess.run(["true"], check=True).returncode, go_on, 60) == 0


def test_the_work_dies_with_its_parent():
    """kill -9 of a pool process; the work must not go on without anybody who would record its end."""
    program = """if True:
        import os, time
        from tasks import work
        work.run(lambda: (print(os.getpid(), flush=True), time.sleep(600)), lambda: None, 600)
    """
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert is_running(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_running(child), 10, "the work is dead")


def test_the_work_ends_at_once_where_its_parent_died_before_it_could_ask(tmp_path: Path):
    """Between the fork and the request to die with the parent, the parent dies: the kernel would never tell."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        work._child(writer, (tmp_path / "began").touch, os.getppid() + 1)
    os.close(writer)
    assert os.read(reader, 10) == b""
    os.close(reader)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert not (tmp_path / "began").exists()
