"""A whole Darkroom of real processes in a folder of its own: web, worker, dispatcher. One at a time on a broker."""

import os
import signal
import subprocess
import sys
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
_STOP_SECONDS = 40


class System:
    """`with System(folder, broker_url) as system:` gives it running; the logs of a failed start are in the error."""

    def __init__(self, folder: Path, broker_url: str, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.environment = os.environ | environment(folder, BROKER_URL=broker_url, WEB_WORKERS="1", **settings)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)

    def __enter__(self) -> Self:
        self._remove_queues()
        try:
            self._run_once("flask", "--app", "app", "db", "upgrade")
            self.start("web", "gunicorn", "-c", "python:app.gunicorn", "-b", f"127.0.0.1:{self.port}")
            self.start_worker()
            self.start("dispatcher", "python", "-m", "tasks.dispatcher")
            wait_until(self._is_healthy, _START_SECONDS, "the web answers", self.processes["web"])
            for name in ("worker", "dispatcher"):
                heartbeat = self.folder / f"{name}.alive"
                wait_until(heartbeat.exists, _START_SECONDS, f"the {name} works", self.processes[name])
        except BaseException as error:
            error.add_note(self.logs())
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def start(self, name: str, program: str, *arguments: str) -> None:
        """Start one more process; its log is `name`.log, its heartbeat `name`.alive."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(Path(sys.executable).with_name(program)), *arguments],
                env=self.environment | {"HEARTBEAT_FILE": str(self.folder / f"{name}.alive")},
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def start_worker(self) -> None:
        self.start(
            "worker", "celery", "-A", "tasks.worker", "worker", "-c", "2", "--without-mingle", "--without-gossip"
        )

    def kill(self, name: str) -> None:
        """kill -9, the process with its children."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def submit(self, *files: tuple[str, bytes]) -> dict[str, Any]:
        response = self.http.post("/api/v1/jobs", files=[("file", file) for file in files])
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

    def _run_once(self, program: str, *arguments: str) -> None:
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        subprocess.run(command, env=self.environment, check=True, capture_output=True)

    def _remove_queues(self) -> None:
        """What another test left there would come to our workers."""
        with Connection(self.environment["BROKER_URL"]) as connection, connection.channel() as channel:
            for queue in (*map(queue_name, Lane), DEAD_LETTERS.name):
                channel.queue_delete(queue)

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
