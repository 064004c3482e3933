"""Every line of docs/api.md and the first one of the README, run as it stands there against a real Darkroom."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from app.problems import known
from tests.factories import photo
from tests.system import System
from tests.test_architecture import ROOT

PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
CURL = """
curl() { command curl --silent --show-error --dump-header last-headers "$@"; local code=$?; grep --text ^HTTP/ last-headers | tail -n 1 >> statuses; return $code; }
"""  # noqa: E501
RECIPE = """
schema: 1
name: mine
steps: {small: {op: resize, with: {width: 320}}}
outputs: {small: {from: small, formats: [webp]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the examples send."""
    (tmp_path / "photo.jpg").write_bytes(photo(640, 480))
    shutil.copy(ROOT / "docs/logo.png", tmp_path)
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return tmp_path


def run(folder: Path, script: str) -> list[str]:
    """The status of the answer to each request of the script."""
    bash = ["bash", "-eu", "-c", CURL + script]
    done = subprocess.run(bash, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return re.findall(r"^HTTP/\S+ (\d+)", (folder / "statuses").read_text(), re.MULTILINE)


def test_every_line_gives_the_status_that_stands_behind_it(system: System, folder: Path):
    script = "".join(BLOCKS).replace("http://localhost:8000", f"http://127.0.0.1:{system.port}")
    lines = [line for line in script.splitlines() if "curl" in line]
    foretold = [re.search(r"# (\d{3})$", line)[1] for line in lines]
    assert len(foretold) > 30
    assert list(zip(lines, run(folder, script), strict=True)) == list(zip(lines, foretold, strict=True))


def test_a_poll_that_knows_the_job_is_answered_with_304(system: System, folder: Path):
    job = system.finished(system.submit(("a.jpg", photo()))["id"])
    tag = system.http.get(job["url"]).headers["ETag"]
    assert run(folder, f"curl -H 'If-None-Match: {tag}' http://127.0.0.1:{system.port}{job['url']}") == ["304"]


def test_the_error_is_the_one_that_is_shown(system: System):
    shown = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    assert shown["code"] in known()
    sent = {"width": "wide", "hieght": 3000}
    assert system.http.post("/api/v1/recipes/avatar/plan", json=sent).json() == shown


def test_the_first_line_of_the_readme_makes_a_job(system: System, folder: Path):
    [line] = re.findall(r"^curl .*$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert run(folder, line.replace("http://localhost:8000", f"http://127.0.0.1:{system.port}")) == ["202"]


def test_a_request_that_waits_gets_the_finished_job(system: System):
    files = [("file", ("a.jpg", photo(100, 90)))]
    answer = system.http.post("/api/v1/jobs", files=files, headers={"Prefer": "respond-async, wait=30"})
    assert (answer.status_code, answer.json()["state"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "respond-async, wait=30"
