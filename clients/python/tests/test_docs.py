"""Every line that the docs show is run as it stands there; JOB is a job of which one file failed."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from darkroom_client import Client
from darkroom_client.command.exits import Exit

from clients.python.tests.between import Between
from tests.factories import photo

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "client.md").read_text("utf-8")
PAGES = ("README.md", "docs/client.md", "clients/python/README.md")
LINES = sorted(
    {line for page in PAGES for line in re.findall(r"^darkroom .*$", (ROOT / page).read_text("utf-8"), re.MULTILINE)}
)
[EXAMPLE] = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With photos, and the command on the PATH."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(photo() + os.urandom(8))
    command = tmp_path / "bin" / "darkroom"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m darkroom_client "$@"\n')
    command.chmod(0o755)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(command.parent), prepend=os.pathsep)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    return folder


def test_there_are_lines_to_run():
    assert len(LINES) >= 10


@pytest.mark.parametrize("line", LINES)
def test_a_line_does_what_it_says(
    line: str, folder: Path, client: Client, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    broken = folder / "broken.jpg"
    broken.write_bytes(b"no photo")
    job = client.wait(client.submit([folder / "a.jpg", broken], "thumbnail").id)
    broken.unlink()
    ended = subprocess.run(
        ["/bin/sh", "-c", re.sub(r"\bJOB\b", job.id, line)], check=False, capture_output=True, text=True
    )
    assert ended.returncode == (1 if line.startswith(("darkroom watch", "darkroom get")) else 0), ended
    assert not ended.stderr
    assert (folder / "results").exists() == ("-o results" in line)


def test_the_example_in_python_works(folder: Path, between: Between, capsys: pytest.CaptureFixture[str]):
    exec(EXAMPLE.replace("http://127.0.0.1:8000", between.url), {})
    assert "succeeded 2 of 2" in capsys.readouterr().out
    assert len(list((folder / "results").iterdir())) == 4


def test_every_exit_code_is_documented():
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(str(code.value), code.meaning) for code in Exit]


def test_the_licence_is_that_of_darkroom():
    assert (ROOT / "clients" / "python" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
