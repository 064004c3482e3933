"""A submit that is interrupted, in whatever way, makes one job; and what may work later is tried again."""

import json
import os
import signal
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from clients.python.tests.between import Between, answered, cut_to, lost_answer
from clients.python.tests.conftest import Darkroom
from tests.system import System
from tests.waiting import wait_until


def job_ids(system: System) -> list[str]:
    return [job["id"] for job in system.http.get("/api/v1/jobs", params={"limit": 200}).json()["jobs"]]


def kept(environ: dict[str, str]) -> list[str]:
    folder = Path(environ["XDG_STATE_HOME"]) / "darkroom"
    return [path.name for path in folder.iterdir()] if folder.exists() else []


def keys(between: Between) -> list[str]:
    return [seen.headers["Idempotency-Key"] for seen in between.requests("POST", "/api/v1/jobs")]


def test_an_answer_that_is_lost_makes_no_second_job(
    darkroom: Darkroom, files: list[Path], between: Between, system: System
):
    before = job_ids(system)
    between.faults = [lost_answer, lost_answer]
    ended = darkroom("submit", *files, "--json")
    assert (ended.code, len(keys(between)), len(set(keys(between)))) == (0, 3, 1)
    assert job_ids(system) == [json.loads(ended.out)["id"], *before]
    assert ended.err.count("Trying again in") == 2


def test_an_answer_that_is_cut_off_makes_no_second_job(
    darkroom: Darkroom, files: list[Path], between: Between, system: System
):
    before = job_ids(system)
    between.faults = [cut_to(20)]
    assert darkroom("submit", *files).code == 0
    assert len(job_ids(system)) == len(before) + 1


def test_the_same_command_goes_on_with_a_job_of_which_it_never_heard(
    darkroom: Darkroom, files: list[Path], between: Between, system: System, environ: dict[str, str]
):
    before = job_ids(system)
    between.faults = [lost_answer]
    ended = darkroom("submit", *files, "--retry-for", "0")
    assert ended.code == 3
    assert "was lost" in ended.err
    [made] = set(job_ids(system)) - set(before)
    assert kept(environ)
    ended = darkroom("submit", *files, "--watch")
    assert ended.code == 1
    assert made in ended.out
    assert "going on with what the same command began" in ended.out
    assert len(job_ids(system)) == len(before) + 1
    assert not kept(environ)


@pytest.mark.parametrize("other", ["name", "content", "recipe", "variable", "lane"])
def test_another_command_makes_another_job(
    darkroom: Darkroom, files: list[Path], between: Between, system: System, other: str
):
    order = [files[0], "--recipe", "thumbnail"]
    between.faults = [lost_answer]
    darkroom("submit", *order, "--retry-for", "0")
    before = job_ids(system)
    if other == "name":
        order[0] = files[0].rename(files[0].with_name("other.jpg"))
    elif other == "content":
        files[0].write_bytes(files[0].read_bytes() + b"!")
    else:
        order += {"recipe": ["--recipe", "privacy"], "variable": ["--var", "width=33"], "lane": ["--lane", "bulk"]}[
            other
        ]
    assert darkroom("submit", *order).code == 0
    assert len(job_ids(system)) == len(before) + 1


def test_a_command_that_has_done_its_work_makes_a_new_job_the_next_time(
    darkroom: Darkroom, files: list[Path], between: Between, environ: dict[str, str]
):
    first, second = (json.loads(darkroom("submit", *files, "--wait", "--json").out)["id"] for _ in range(2))
    assert first != second
    assert len(set(keys(between))) == 2
    assert not kept(environ)


def start(environ: dict[str, str], *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "darkroom_client", *map(str, arguments)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=os.environ | environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip


@pytest.mark.usefixtures("paused")
@pytest.mark.parametrize(("signal_", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_ctrl_c_and_worse_while_watching_and_the_same_command_again(
    darkroom: Darkroom, files: list[Path], system: System, environ: dict[str, str], signal_: signal.Signals, code: int
):
    before = job_ids(system)
    order = [*files[:2], "--recipe", "thumbnail", "--lane", "bulk", "--watch"]
    with start(environ, "submit", *order) as process:
        assert process.stdout
        shown = ""
        while "b.png: waiting: " not in shown:
            shown += process.stdout.readline()
        process.send_signal(signal_)
        _, err = process.communicate()
    assert process.returncode == code
    assert "Traceback" not in err
    system.http.post("/api/v1/status/lanes/bulk/resume").raise_for_status()
    assert darkroom("submit", *order).code == 0
    assert len(job_ids(system)) == len(before) + 1
    assert not kept(environ)


@pytest.mark.usefixtures("paused")
@pytest.mark.parametrize("how", ["canceled", "deleted"])
def test_nothing_goes_on_with_a_job_that_is_gone(
    darkroom: Darkroom, files: list[Path], between: Between, system: System, how: str
):
    order = [*files[:1], "--recipe", "thumbnail", "--lane", "bulk"]
    between.faults = [lost_answer]
    assert darkroom("submit", *order, "--retry-for", "0").code == 3
    gone = job_ids(system)[0]
    if how == "canceled":
        assert darkroom("cancel", gone).code == 0
    else:
        system.http.delete(f"/api/v1/jobs/{gone}").raise_for_status()
    ended = darkroom("submit", *order, "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["id"] != gone


def test_what_was_begun_more_than_a_day_ago_is_begun_anew(
    darkroom: Darkroom, files: list[Path], between: Between, environ: dict[str, str]
):
    between.faults = [answered(503)]
    assert darkroom("submit", *files, "--retry-for", "0").code == 3
    [name] = kept(environ)
    yesterday = time.time() - 86_500
    os.utime(Path(environ["XDG_STATE_HOME"]) / "darkroom" / name, (yesterday, yesterday))
    assert darkroom("submit", *files).code == 0
    assert len(set(keys(between))) == 2


def test_where_nothing_can_be_remembered_it_is_said_and_submitted(
    darkroom: Darkroom, files: list[Path], environ: dict[str, str]
):
    Path(environ["XDG_STATE_HOME"]).write_text("no folder")
    ended = darkroom("submit", *files)
    assert ended.code == 0
    assert "can not be written" in ended.err


@pytest.mark.parametrize("status", [429, 503, 507])
def test_it_waits_as_long_as_the_server_says(darkroom: Darkroom, files: list[Path], between: Between, status: int):
    between.faults = [answered(status, Retry_After="1"), answered(status, Retry_After="0")]
    ended = darkroom("submit", *files)
    assert ended.code == 0
    assert ["Trying again in 1.0 s" in line for line in ended.err.splitlines()] == [True, False]
    assert "Trying again in 0.0 s" in ended.err


def test_it_understands_a_date(darkroom: Darkroom, between: Between):
    between.faults = [answered(503, Retry_After=formatdate(time.time() - 60, usegmt=True))]
    ended = darkroom("recipes")
    assert ended.code == 0
    assert "Trying again in 0.0 s" in ended.err


def test_it_does_not_wait_for_what_comes_too_late(darkroom: Darkroom, between: Between):
    between.faults = [answered(503, Retry_After="3600")]
    ended = darkroom("recipes", "--retry-for", "60")
    assert ended.code == 3
    assert ended.err == "darkroom: The server answered 503 Service Unavailable.\n"


def test_what_can_not_work_is_not_tried_again(darkroom: Darkroom, files: list[Path], between: Between):
    assert darkroom("submit", *files, "--recipe", "missing").code == 3
    assert len(keys(between)) == 1


def test_a_retry_is_not_repeated_that_may_have_been_done(darkroom: Darkroom, files: list[Path], between: Between):
    job = json.loads(darkroom("submit", files[2], "--wait", "--json").out)["id"]
    between.faults = [lost_answer]
    assert darkroom("retry", job).code == 3
    assert len(between.requests("POST", f"/api/v1/jobs/{job}/retry")) == 1
    wait_until(lambda: darkroom("watch", job).code == 1, 60, "it ends again")
    between.faults = [answered(503, Retry_After="0")]
    assert darkroom("retry", job).code == 0
