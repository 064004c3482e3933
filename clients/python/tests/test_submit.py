"""`darkroom submit`: what is made, what is shown, and how it ends."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from clients.python.tests.between import Between
from clients.python.tests.conftest import Darkroom
from tests.factories import photo
from tests.system import System


def test_watching_tells_what_happens_to_each_file(darkroom: Darkroom, files: list[Path]):
    ended = darkroom("submit", *files, "--recipe", "thumbnail", "--var", "width=32", "--watch")
    lines = ended.out.splitlines()
    assert ended.code == 1
    for line in ("a.jpg: sent, ", "job ", "a.jpg: done, 2 results", "b.png: done, 2 results", "c.jpg: failed: "):
        assert any(found.startswith(line) for found in lines), (line, ended.out)
    assert lines[-1] == "partial: 2 of 3 files done, 1 failed"
    assert ended.err == ""


def test_all_that_succeeds_is_zero_and_waiting_says_only_the_end(darkroom: Darkroom, files: list[Path]):
    ended = darkroom("submit", *files[:2], "--recipe", "thumbnail", "--wait")
    assert (ended.code, ended.out) == (0, "succeeded: 2 of 2 files done\n")


def test_waiting_names_the_failures(darkroom: Darkroom, files: list[Path]):
    ended = darkroom("submit", files[2], "--recipe", "thumbnail", "--wait")
    assert ended.code == 1
    assert ended.out.startswith("c.jpg: failed: ")


def test_without_waiting_the_job_is_named(darkroom: Darkroom, files: list[Path], system: System):
    ended = darkroom("submit", *files, "--json", "--lane", "bulk", "--var", "width=40", "--recipe", "thumbnail@1")
    job = system.finished(json.loads(ended.out)["id"])
    assert ended.code == 0
    assert (job["lane"], job["recipe"]["name"], job["recipe"]["vars"]["width"]) == ("bulk", "thumbnail", 40)
    assert [item["name"] for item in job["items"]] == ["a.jpg", "b.png", "c.jpg"]


def test_results_are_fetched_when_they_are_wanted(darkroom: Darkroom, files: list[Path], tmp_path: Path):
    ended = darkroom("submit", *files[:2], "--recipe", "thumbnail", "-o", tmp_path / "made" / "here", "--json")
    document = json.loads(ended.out)
    assert (ended.code, document["state"], len(document["files"])) == (0, "succeeded", 4)
    assert sorted(path.name for path in (tmp_path / "made" / "here").iterdir()) == sorted(
        Path(file["path"]).name for file in document["files"]
    )


@pytest.mark.usefixtures("paused")
def test_a_canceled_job_ends_with_a_code_of_its_own(darkroom: Darkroom, files: list[Path]):
    job = json.loads(darkroom("submit", *files, "--lane", "bulk", "--json").out)["id"]
    assert darkroom("cancel", job).out == "stopped: 3 waiting and 0 running; 0 had ended before\n"
    ended = darkroom("watch", job)
    assert (ended.code, ended.out.splitlines()[-1]) == (4, "canceled: 0 of 3 files done, 3 canceled")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing.jpg"], "missing.jpg is not there, or is no file."),
        (["/"], "/ is a folder; name the files in it."),
        (["x.jpg", "--var", "width"], "'width' is not NAME=VALUE"),
        (["x.jpg", "--url", "ftp://example.org"], "'ftp://example.org' is no address of a server"),
        (["x.jpg", "--frobnicate"], "unrecognized arguments"),
        ([], "the following arguments are required"),
    ],
)
def test_a_wrong_command_line_is_two(darkroom: Darkroom, arguments: list[str], sentence: str, between: Between):
    ended = darkroom("submit", *arguments)
    assert ended.code == 2
    assert sentence in ended.err
    assert not between.seen


def test_what_the_server_refuses_is_three_with_its_reason(darkroom: Darkroom, files: list[Path]):
    ended = darkroom("submit", *files, "--recipe", "thumbnial")
    assert ended.code == 3
    assert "thumbnial" in ended.err
    ended = darkroom("submit", *files, "--recipe", "thumbnail", "--var", 'width="wide"')
    assert ended.code == 3
    assert "width" in ended.err


def test_a_server_that_is_not_there_is_three(darkroom: Darkroom, files: list[Path]):
    ended = darkroom("submit", *files, "--url", "http://127.0.0.1:1", "--retry-for", "0")
    assert ended.code == 3
    assert "http://127.0.0.1:1/ can not be reached" in ended.err


@pytest.mark.parametrize("name", ['"quoted" \\ back.jpg', "Ünïcode ☃.jpg", "a;b=c,%22.jpg", "line\nbreak.jpg"])
def test_names_arrive_as_they_are_except_for_what_no_name_may_have(
    darkroom: Darkroom, tmp_path: Path, system: System, name: str
):
    (tmp_path / name).write_bytes(photo())
    job = json.loads(darkroom("submit", tmp_path / name, "--json").out)
    expected = {
        '"quoted" \\ back.jpg': " back.jpg",
        "a;b=c,%22.jpg": 'a;b=c,".jpg',
        "line\nbreak.jpg": "line%0Abreak.jpg",
    }
    assert job["items"][0]["name"] == expected.get(name, name).strip()


def test_a_terminal_gets_bars(environ: dict[str, str], files: list[Path]):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "darkroom_client", "submit", *files, "--recipe", "thumbnail", "--watch"]
    path = os.pathsep.join(filter(None, sys.path))
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs,
        env=os.environ | environ | {"TERM": "xterm", "COLUMNS": "100", "LINES": "30", "PYTHONPATH": path},
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        while chunk := read(ours):
            shown += chunk
    os.close(ours)
    text = shown.decode()
    assert process.returncode == 1
    assert "━" in text
    for line in ("✓ ", "a.jpg: done, 2 results", "✗ ", "c.jpg: failed: ", "partial: 2 of 3 files done, 1 failed"):
        assert line in text, text


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # its other end is closed
        return b""
