"""`make local` and its companions: supervisord and the embedded broker, in a copy of this checkout."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.settings import PROJECT_ROOT, Settings
from tests.factories import photo
from tests.rabbitmq import free_port
from tests.waiting import wait_until


class Local:
    """A checkout that shares this one's virtual environment and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ours = {name.upper() for name in Settings.model_fields}
        self.environment = {name: value for name, value in os.environ.items() if name not in ours}
        self.environment |= {"WEB_PORT": str(free_port()), "FLOWER_PORT": str(free_port())}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.environment['WEB_PORT']}", timeout=30)
        files = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=PROJECT_ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT_ROOT / name, folder / name)
        (folder / ".venv").symlink_to(Path(sys.prefix))

    def run(self, *command: str) -> str:
        done = subprocess.run(
            [str(self.folder / "bin/stack"), *command],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def running(self) -> dict[str, int]:
        """The pids of what `make ps` calls running."""
        lines = [line.split() for line in self.run("ps").splitlines() if " RUNNING " in line]
        return {words[0]: int(words[3].rstrip(",")) for words in lines}

    def finished(self, job_id: str) -> str:
        def state() -> str | None:
            now: str = self.http.get(f"/api/v1/jobs/{job_id}").json()["state"]
            return None if now in ("queued", "running") else now

        return wait_until(state, 60, "the job ends")

    def secrets(self) -> dict[str, str]:
        lines = (self.folder / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def flower_answers(self, password: str) -> int:
        """The status of Flower's page; 0 while nothing listens."""
        url = f"http://127.0.0.1:{self.environment['FLOWER_PORT']}/workers"
        try:
            return httpx.get(url, auth=("admin", password)).status_code
        except httpx.TransportError:
            return 0


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    copy = Local(tmp_path / "with a space")
    try:
        yield copy
    finally:
        copy.run("down")
        copy.http.close()


def test_the_whole_way_without_docker(local: Local):
    assert f"http://localhost:{local.environment['WEB_PORT']}" in local.run("up", "local")
    assert (local.folder / ".env").stat().st_mode & 0o777 == 0o600
    everything = {"broker", "dispatcher", "flower", "web", "worker:worker_0"}
    assert set(local.running()) == everything

    wait_until(lambda: local.flower_answers("wrong"), 30, "Flower answers")
    assert local.flower_answers("wrong") == 401
    assert local.flower_answers(local.secrets()["FLOWER_PASSWORD"]) == 200

    job = local.http.post("/api/v1/jobs", files={"file": ("a.jpg", photo())}).json()["id"]
    assert local.finished(job) == "succeeded"

    before = local.running()
    local.run("up")
    assert local.running() == before, "up a second time does no harm"

    os.kill(before["worker:worker_0"], signal.SIGKILL)
    wait_until(lambda: set(local.running()) == everything, 30, "a killed worker is started again")
    job = local.http.post("/api/v1/jobs", files={"file": ("a.jpg", photo())}).json()["id"]
    assert local.finished(job) == "succeeded"

    local.run("scale", "2")
    assert set(local.running()) == everything | {"worker:worker_1"}
    local.run("scale", "1")
    assert set(local.running()) == everything

    local.run("down")
    assert "Nothing is running" in local.run("down")
    assert "Nothing is running" in local.run("ps")
    local.run("up", "local")
    assert local.http.get(f"/api/v1/jobs/{job}").json()["state"] == "succeeded", "data outlive down"


def test_a_faulty_setting_is_told_and_nothing_starts(local: Local):
    (local.folder / ".env").write_text("MAX_PIXELS=abc\n")
    done = subprocess.run(
        [str(local.folder / "bin/stack"), "up", "local"],
        env=local.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "MAX_PIXELS: input should be a valid integer" in done.stderr
    assert "Nothing is running" in local.run("ps")
