"""Finds a RabbitMQ for the tests, in this order, and says which one it took:

1. TEST_BROKER_URL
2. a rabbitmq-server on the PATH, as a private node: own ports, own data folder
3. a Docker engine
4. as root on Debian or Ubuntu: the distribution's package is installed, then as 2

Where none can be had the tests that need one fail; with ALLOW_NO_BROKER=1 they are skipped, loudly.
`own` starts one for somebody who wants to kill it.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import amqp
import pytest

from tests.waiting import wait_until

Say = Callable[[str], None]

IMAGE = "rabbitmq:4-management"
_BOOT_SECONDS = 90
_STOP_SECONDS = 30


@contextmanager
def found(say: Say) -> Iterator[str]:
    """The AMQP URL of a RabbitMQ that is ready; whatever was started for it ends with the block."""
    if url := os.environ.get("TEST_BROKER_URL"):
        say("the RabbitMQ of TEST_BROKER_URL")
        wait_until(lambda: _answers(url), _BOOT_SECONDS, "the RabbitMQ of TEST_BROKER_URL answers")
        yield url
        return
    try:
        kind = choose(say)
    except LookupError as error:
        if os.environ.get("ALLOW_NO_BROKER") == "1":
            say("NONE; the tests that need one are left out, because ALLOW_NO_BROKER=1")
            pytest.skip("no RabbitMQ, and ALLOW_NO_BROKER=1")
        pytest.fail(f"{error}, or set TEST_BROKER_URL; ALLOW_NO_BROKER=1 leaves out the tests that need one.")
    with own(say, kind) as broker:
        yield broker.url


def choose(say: Say) -> "type[Broker]":
    """The kind of RabbitMQ that this machine can start. LookupError: none."""
    if _program("rabbitmq-server"):
        return PrivateNode
    if _docker_answers():
        return Container
    if os.geteuid() == 0 and Path("/etc/debian_version").exists():
        _install(say)
        return PrivateNode
    raise LookupError("there is no RabbitMQ for the tests: install rabbitmq-server, start a Docker engine")


@contextmanager
def own(say: Say, kind: "type[Broker]") -> Iterator["Broker"]:
    """A RabbitMQ that nobody else uses, ready; it and its data are gone after the block."""
    broker = kind()
    say(str(broker))
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()


class Broker:
    """A RabbitMQ that can be controlled; its port and data stay the same from `start` to `start`."""

    url: str

    def start(self) -> None:
        """Start it and wait until it answers."""
        process = self._start()
        wait_until(lambda: _answers(self.url), _BOOT_SECONDS, f"{self} answers", alive=process)

    def stop(self) -> None:
        """As an operator does it: the node writes down what it has and says goodbye."""
        raise NotImplementedError

    def kill(self) -> None:
        """kill -9, all of the node."""
        raise NotImplementedError

    def ctl(self, *arguments: str) -> str:
        """What `rabbitmqctl` prints for the arguments; its failure is a CalledProcessError."""
        raise NotImplementedError

    def remove(self) -> None:
        """End it and remove its data."""
        raise NotImplementedError

    def _start(self) -> subprocess.Popen[bytes] | None:
        raise NotImplementedError


class PrivateNode(Broker):
    """A node of the rabbitmq-server of this machine, with an Erlang port mapper of its own."""

    def __init__(self) -> None:
        self._port, self._epmd = free_port(), free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="darkroom-rabbitmq-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}//"
        plugins = self._folder / "enabled_plugins"
        plugins.write_text("[].")
        self._environment = os.environ | {
            "HOME": str(self._folder),
            "ERL_EPMD_PORT": str(self._epmd),
            "RABBITMQ_NODENAME": f"darkroom-{uuid.uuid4().hex[:8]}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "data"),
            "RABBITMQ_LOG_BASE": str(self._folder / "log"),
            "RABBITMQ_LOGS": str(self._folder / "rabbitmq.log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "none-either"),
        }

    def __str__(self) -> str:
        return f"a private node of {_program('rabbitmq-server')} on port {self._port}"

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def ctl(self, *arguments: str) -> str:
        return _output(str(_program("rabbitmqctl")), "--quiet", *arguments, env=self._environment)

    def remove(self) -> None:
        self.stop()
        if epmd := shutil.which("epmd"):
            command = [epmd, "-port", str(self._epmd), "-kill"]
            subprocess.run(command, env=self._environment, check=False, capture_output=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        self._process = subprocess.Popen(
            [str(_program("rabbitmq-server"))], env=self._environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        return self._process


class Container(Broker):
    """A container of RabbitMQ's own image; its host name is fixed, because the node's data are kept under it."""

    def __init__(self) -> None:
        self._port, self._name = free_port(), f"darkroom-rabbitmq-{uuid.uuid4().hex[:8]}"
        self.url = f"amqp://test:test@127.0.0.1:{self._port}//"
        _output(
            "docker", "create", "--name", self._name, "--hostname", "darkroom-rabbitmq",
            "-e", "RABBITMQ_DEFAULT_USER=test", "-e", "RABBITMQ_DEFAULT_PASS=test",
            "-p", f"127.0.0.1:{self._port}:5672", IMAGE,
        )  # fmt: skip

    def __str__(self) -> str:
        return f"a container of {IMAGE} on port {self._port}"

    def stop(self) -> None:
        _output("docker", "stop", "--time", str(_STOP_SECONDS), self._name)

    def kill(self) -> None:
        _output("docker", "kill", self._name)

    def ctl(self, *arguments: str) -> str:
        return _output("docker", "exec", self._name, "rabbitmqctl", "--quiet", *arguments)

    def remove(self) -> None:
        subprocess.run(["docker", "rm", "-f", "-v", self._name], check=False, capture_output=True)

    def _start(self) -> None:
        _output("docker", "start", self._name)


def free_port() -> int:
    """A port nobody listens on, below those the kernel takes for outgoing connections: it stays free over a restart."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _answers(url: str) -> bool:
    user, _, rest = url.removeprefix("amqp://").partition(":")
    password, _, host = rest.partition("@")
    try:
        with amqp.Connection(host.split("/")[0], userid=user, password=password, connect_timeout=2):
            return True
    except (OSError, amqp.AMQPError):
        return False


def _program(name: str) -> str | None:
    """RabbitMQ's own; Debian's wrapper on the PATH would drop the environment on its way to another user."""
    return shutil.which(name, path="/usr/lib/rabbitmq/bin") or shutil.which(name)


def _install(say: Say) -> None:
    say("none; installing the distribution's package rabbitmq-server")
    environment = os.environ | {
        "DEBIAN_FRONTEND": "noninteractive",
        "RUNLEVEL": "1",
    }  # RUNLEVEL: installed, not started
    for command in ("apt-get update -qq", "apt-get install -y -qq --no-install-recommends rabbitmq-server"):
        subprocess.run(command.split(), check=True, env=environment, stdout=subprocess.DEVNULL)


def _docker_answers() -> bool:
    docker = shutil.which("docker")
    return bool(docker) and subprocess.run([str(docker), "info"], check=False, capture_output=True).returncode == 0


def _output(*command: str, env: dict[str, str] | None = None) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout.strip()
