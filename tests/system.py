"""A whole Darkroom of real processes in a folder of its own: web, worker, dispatcher. One at a time on a broker."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from kombu import Connection

from app.broker import DEAD_LETTERS, queue_name
from app.models import Lane
from tests.conftest import environment
from tests.rabbitmq import free_port
from tests.waiting import wait_until

_START_SECONDS = 60
_STOP_SECONDS = 60


class System:
    """`with System(folder, broker_url) as system:` gives it running; the logs of a failed start are in the error."""

    def __init__(
        self, folder: Path, broker_url: str, processes: Sequence[str] = ("web", "worker", "dispatcher"), **settings: str
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = os.environ | environment(folder, BROKER_URL=broker_url, WEB_WORKERS="1", **settings)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self._first = processes

    def __enter__(self) -> Self:
        remove_queues(self.environment["BROKER_URL"])
        try:
            if not (self.folder / "darkroom.db").exists():
                self.run("flask", "--app", "app", "db", "upgrade").check_returncode()
            for name in self._first:
                self.start(name)
            for name in self._first:
                self.wait_for(name)
        except BaseException as error:
            error.add_note(self.logs())
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error:
            error.add_note(self.logs())
        self._stop()

    def start(self, name: str, **settings: str) -> None:
        """Start the web, a worker or a dispatcher: what its name begins with. Its log is `name`.log."""
        programs = {
            "web": ("gunicorn", "-c", "python:app.gunicorn", "-b", f"127.0.0.1:{self.port}"),
            "worker": ("celery", "-A", "tasks.worker", "worker", "-c", "2", "--without-mingle", "--without-gossip"),
            "dispatcher": ("python", "-m", "tasks.dispatcher"),
        }
        program, *arguments = next(command for kind, command in programs.items() if name.startswith(kind))
        self._heartbeat(name).unlink(missing_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(Path(sys.executable).with_name(program)), *arguments],
                env=self.environment | {"HEARTBEAT_FILE": str(self._heartbeat(name))} | settings,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def wait_for(self, name: str) -> None:
        """Until the process does its work."""
        works = self._is_healthy if name == "web" else self._heartbeat(name).exists
        wait_until(works, _START_SECONDS, f"the {name} works", self.processes[name])

    def kill(self, name: str) -> None:
        """kill -9, the process with its children."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def terminate(self, name: str) -> int:
        """SIGTERM, as a supervisor sends it; returns how the process ended."""
        process = self.processes.pop(name)
        process.terminate()
        try:
            return process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command to its end, with the settings of this system."""
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        return subprocess.run(command, env=self.environment, check=False, capture_output=True, text=True)

    def submit(self, *files: tuple[str, bytes], **fields: str) -> dict[str, Any]:
        response = self.http.post("/api/v1/jobs", files=[("file", file) for file in files], data=fields)
        assert response.status_code == 202, response.text
        document: dict[str, Any] = response.json()
        return document

    def job(self, job_id: str) -> dict[str, Any]:
        document: dict[str, Any] = self.http.get(f"/api/v1/jobs/{job_id}").raise_for_status().json()
        return document

    def finished(self, job_id: str, seconds: float = 60) -> dict[str, Any]:
        """The job once it has ended."""
        try:
            return wait_until(
                lambda: self._if_ended(self.job(job_id)), seconds, f"job {job_id} ends: {self.job(job_id)}"
            )
        except AssertionError as error:
            error.add_note(self.logs())
            raise

    def download(self, output: dict[str, Any]) -> httpx.Response:
        return self.http.get(output["url"]).raise_for_status()

    def logs(self) -> str:
        return "\n".join(
            f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in self.folder.glob("*.log")
        )

    def _heartbeat(self, name: str) -> Path:
        return self.folder / f"{name}.alive"

    def _is_healthy(self) -> bool:
        try:
            return self.http.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    @staticmethod
    def _if_ended(job: dict[str, Any]) -> dict[str, Any] | None:
        return job if job["state"] not in ("queued", "running") else None

    def _stop(self) -> None:
        self.http.close()
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def remove_queues(broker_url: str) -> None:
    """What another test left there would come to our workers."""
    with Connection(broker_url) as connection, connection.channel() as channel:
        for queue in (*map(queue_name, Lane), DEAD_LETTERS.name):
            channel.queue_delete(queue)
