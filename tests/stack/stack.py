"""The Docker deployment as a test sees it: a compose project in a copy of the checkout, with its own .env."""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
APP_SERVICES = ("web", "worker", "dispatcher", "flower")
SERVICES = (*APP_SERVICES, "rabbitmq")
MAX_JOB_FILES = 6
KEEP_OUT = "keep-out-of-the-image"

_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", ".env*", ".*_cache", "__pycache__", "var", "media", "htmlcov")
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG")
_KEEP_OUT = (".git", ".venv/bin", "var", "media/objects", "app/__pycache__", "app/.cache", "tests", ".")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Login:
    user: str
    password: str


@dataclass
class Stack:
    folder: Path
    project: str = field(default_factory=lambda: f"darkroom-test-{uuid.uuid4().hex[:8]}")

    def prepare(self) -> None:
        """Copy the checkout, put in what the image must not have, and let `bin/env` make the secrets."""
        shutil.copytree(ROOT, self.folder, ignore=_NOT_COPIED)
        for place in _KEEP_OUT:
            (self.folder / place).mkdir(parents=True, exist_ok=True)
            (self.folder / place / f"{KEEP_OUT}.py").write_text("")
        subprocess.run([sys.executable, "bin/env"], cwd=self.folder, check=True, capture_output=True, timeout=60)
        ports = dict(zip(("WEB_PORT", "FLOWER_PORT", "RABBITMQ_MANAGEMENT_PORT"), _free_ports(3), strict=True))
        more = {**ports, "MAX_JOB_FILES": MAX_JOB_FILES, "WORKER_CONCURRENCY": 1, "WEB_WORKERS": 1}
        with (self.folder / ".env").open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in more.items())

    @cached_property
    def env(self) -> dict[str, str]:
        lines = (self.folder / ".env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    @property
    def secrets(self) -> list[str]:
        return [self.env[name] for name in ("SECRET_KEY", "RABBITMQ_DEFAULT_PASS", "FLOWER_PASSWORD")]

    @property
    def flower_login(self) -> Login:
        return Login("admin", self.env["FLOWER_PASSWORD"])

    @property
    def rabbitmq_login(self) -> Login:
        return Login("darkroom", self.env["RABBITMQ_DEFAULT_PASS"])

    @property
    def image(self) -> str:
        return f"{self.project}:local"

    def compose(self, *arguments: str, check: bool = True, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        return docker("compose", "-p", self.project, *arguments, cwd=self.folder, check=check, timeout=timeout)

    def up(self, *arguments: str) -> None:
        self.compose("up", "-d", "--wait", *arguments)

    def shell(self, service: str, script: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `script` in the service's container, as the user that the service has."""
        return self.compose("exec", "-T", service, "sh", "-c", script, check=check, timeout=120)

    def containers(self, *services: str) -> list[dict[str, Any]]:
        """What the engine knows about each running container of these services, or of all."""
        ids = self.compose("ps", "-q", *services).stdout.split()
        return json.loads(docker("inspect", *ids).stdout) if ids else []

    def health(self) -> dict[str, str]:
        return {
            container["Config"]["Labels"]["com.docker.compose.service"]: container["State"]["Health"]["Status"]
            for container in self.containers(*SERVICES)
        }

    def volumes(self) -> list[str]:
        label = f"label=com.docker.compose.project={self.project}"
        return docker("volume", "ls", "-q", "--filter", label).stdout.split()

    def logs(self) -> str:
        done = self.compose("logs", "--no-color", "--tail", "40", check=False, timeout=60)
        return f"{self.compose('ps', '-a', check=False, timeout=60).stdout}\n{done.stdout}{done.stderr}"

    def remove(self) -> None:
        """Everything that this project has on the engine; says so where something stays."""
        self.compose("kill", check=False)
        done = self.compose("down", "-v", "--rmi", "local", "--remove-orphans", check=False)
        docker("image", "rm", "--force", self.image, check=False)
        if done.returncode:
            raise RuntimeError(f"{self.project} was not removed: {done.stderr}")

    def web(self, path: str, body: bytes | None = None, **headers: str) -> Answer:
        return http(f"http://127.0.0.1:{self.env['WEB_PORT']}{path}", body, headers)

    def flower(self, path: str, login: Login | None = None) -> Answer:
        return http(f"http://127.0.0.1:{self.env['FLOWER_PORT']}{path}", login=login)

    def rabbitmq(self, path: str, login: Login | None = None, body: bytes | None = None) -> Answer:
        """GET from the management API, or PUT where there is a body."""
        url = f"http://127.0.0.1:{self.env['RABBITMQ_MANAGEMENT_PORT']}{path}"
        return http(url, body, login=login, method="PUT" if body else "GET")

    def submit(self, *files: Path) -> Answer:
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{file.name}"\r\n\r\n'.encode()
            + file.read_bytes()
            for file in files
        ]
        body = b"\r\n".join([*parts, f"--{boundary}--\r\n".encode()])
        return self.web("/api/v1/jobs", body, **{"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def finished_job(self, *files: Path, seconds: float = 60) -> dict[str, Any]:
        """Submit the files and give the job as it is when it has ended."""
        accepted = self.submit(*files)
        assert accepted.status == 202, accepted.body

        def ended() -> Any:
            job = self.web(accepted.json["url"]).json
            return job if job["finished_at"] else None

        return wait_for(ended, f"the end of job {accepted.json['id']}", seconds)


def docker(
    *arguments: str, check: bool = True, timeout: float = 120, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    # Of the caller's environment only what docker itself needs: it would come before the .env of the stack.
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    done = subprocess.run(
        ["docker", *arguments], cwd=cwd, env=kept, capture_output=True, text=True, timeout=timeout, check=False
    )
    if check and done.returncode:
        output = done.stdout[-4000:] + done.stderr[-8000:]
        raise RuntimeError(f"docker {' '.join(arguments)} ended with {done.returncode}:\n{output}")
    return done


def http(
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    login: Login | None = None,
    method: str | None = None,
) -> Answer:
    request = urllib.request.Request(url, body, dict(headers or {}), method=method)
    if login:
        request.add_header("Authorization", "Basic " + b64encode(f"{login.user}:{login.password}".encode()).decode())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def wait_for(condition: Callable[[], Any], what: str, seconds: float) -> Any:
    """As `wait_until`, for what containers answer: one that does not answer yet is no fault, only named at the end."""
    last: object = None

    def answered() -> Any:
        nonlocal last
        try:
            return condition()
        except (OSError, HTTPException) as error:
            last = error
            return None

    try:
        return wait_until(answered, seconds, what, pause=0.5)
    except AssertionError as error:
        error.add_note(f"last error: {last or 'none'}")
        raise


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
