"""A whole Darkroom that may be broken: its processes, supervised, each with a way of its own to the broker."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.chaos import processes
from tests.chaos.disk import Disk
from tests.chaos.load import Load
from tests.chaos.missed import Missed
from tests.chaos.proxy import Network, Proxy
from tests.chaos.queues import Queues
from tests.conftest import environment
from tests.rabbitmq import Broker, free_port
from tests.waiting import wait_until

LEASE_SECONDS = 3
_START_SECONDS = 90
_STOP_SECONDS = 60
_LOOK_SECONDS = 0.1
_BIN = Path(sys.executable).parent


@dataclass
class Service:
    """A process that is started again whenever it is gone. `died` counts how often that was."""

    name: str
    kind: str
    command: tuple[str, ...]
    proxy: Proxy
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0
    died: int = 0
    groups: list[int] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Raises Missed while it does not run."""
        if self.process is None or self.process.poll() is not None:
            raise Missed(f"{self.name} does not run at this moment")
        return self.process.pid


class Rig:
    """`start()` it, break it through its attributes, `stop()` it. Everything that is random comes from the seed."""

    def __init__(self, folder: Path, disk: Disk, broker: Broker, network: Network, seed: str) -> None:
        self.folder, self.disk, self.broker = folder, disk, broker
        self.database = disk.root / "darkroom.db"
        self.ledger = folder / "ledger.jsonl"
        self.queues = Queues(broker.url)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.load: Load
        self._delays = random.Random(f"{seed} restarts")
        self._mark = f"DARKROOM_CHAOS={uuid.uuid4().hex}"
        self._environment = self._make_environment()
        self._stopped = threading.Event()
        self._watch = threading.Thread(target=self._supervise, name="supervisor")
        broker_port = int(broker.url.rpartition(":")[2].strip("/"))
        bind = ("-b", f"127.0.0.1:{self.port}")
        worker = ("celery", "-A", "tasks.worker", "worker", "-c", "2", "--without-mingle", "--without-gossip", "-n")
        commands = {
            "web": ("gunicorn", "-c", "python:app.gunicorn", *bind),
            **{f"worker{n}": (*worker, f"worker{n}@chaos") for n in (1, 2, 3)},
            **{f"dispatcher{n}": ("python", "-m", "tasks.dispatcher") for n in (1, 2)},
        }
        self.services = {
            name: Service(name, name.rstrip("123"), command, network.proxy(broker_port))
            for name, command in commands.items()
        }

    def start(self) -> None:
        """Migrate the database, start the processes and wait until all work."""
        self.flask("db", "upgrade")
        for service in self.services.values():
            self._start(service)
        wait_until(self._web_answers, _START_SECONDS, "the web answers")
        for service in self.services.values():
            if service.kind != "web":
                wait_until(self._sign_of_life(service).exists, _START_SECONDS, f"{service.name} works")
        self._watch.start()

    def flask(self, *arguments: str) -> str:
        """What `flask --app app …` prints; its failure, with what it said, is an AssertionError."""
        command = [str(_BIN / "flask"), "--app", "app", *arguments]
        done = subprocess.run(command, env=self._environment, check=False, capture_output=True, text=True)
        assert done.returncode == 0, f"flask {arguments}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def of_kind(self, kind: str) -> list[Service]:
        return [service for service in self.services.values() if service.kind == kind]

    def wait(self, seconds: float) -> None:
        """How long a fault lasts; ends early when the rig is stopped."""
        self._stopped.wait(seconds)

    def stop(self) -> list[int]:
        """Ask all to end and wait for it; returns the pids of what was still there then, and was killed."""
        self._stopped.set()
        if self._watch.is_alive():
            self._watch.join()
        running = [service.process for service in self.services.values() if service.process is not None]
        for process in running:
            processes.send(signal.SIGCONT, process.pid, *processes.descendants(process.pid))
            if process.poll() is None:
                process.terminate()
        asked = time.monotonic()
        for process in running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(asked + _STOP_SECONDS - time.monotonic(), 0.1))
        left = self._left_over()
        if left:
            processes.send(signal.SIGKILL, *left)
            for process in running:
                process.wait()
            wait_until(lambda: not processes.with_variable(self._mark), _STOP_SECONDS, "all processes have ended")
        return left

    def logs(self, lines: int = 25) -> str:
        """The end of every process's log."""
        return "\n".join(
            f"== {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
            for log in sorted(self.folder.glob("*.log"))
        )

    def _left_over(self) -> list[int]:
        """What outlived its parent gets a moment to notice."""
        with suppress(AssertionError):
            wait_until(lambda: not processes.with_variable(self._mark), 5, "all processes have ended")
        return processes.with_variable(self._mark)

    def _supervise(self) -> None:
        """Start again what is gone, after a short while, as supervisord and Docker do."""
        while not self._stopped.wait(_LOOK_SECONDS):
            now = time.monotonic()
            for service in self.services.values():
                if service.process is not None and service.process.poll() is not None:
                    service.process, service.died = None, service.died + 1
                    service.start_at = now + self._delays.uniform(0.2, 2)
                if service.process is None and service.start_at <= now:
                    self._start(service)

    def _start(self, service: Service) -> None:
        program, *arguments = service.command
        own = {
            "BROKER_URL": self.broker.url.rpartition(":")[0] + f":{service.proxy.port}//",
            "HEARTBEAT_FILE": str(self._sign_of_life(service)),
        }
        with (self.folder / f"{service.name}.log").open("ab") as log:
            service.process = subprocess.Popen(
                [str(_BIN / program), *arguments],
                env=self._environment | own, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def _make_environment(self) -> dict[str, str]:
        name, value = self._mark.split("=")
        ours = environment(
            self.disk.root, BROKER_URL=self.broker.url, WEB_WORKERS="2", WEB_THREADS="8", MIN_FREE_BYTES="0",
            LEASE_SECONDS=str(LEASE_SECONDS), SHUTDOWN_SECONDS="5",
        )  # fmt: skip
        return os.environ | ours | {name: value, "PYTHONUNBUFFERED": "1"}

    def _sign_of_life(self, service: Service) -> Path:
        return self.folder / f"{service.name}.alive"

    def _web_answers(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        return False
