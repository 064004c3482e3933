"""Finds a RabbitMQ for the tests, in this order, and says which one it took:

1. TEST_BROKER_URL
2. a rabbitmq-server on the PATH, as a private node: own ports, own data folder
3. a Docker engine
4. as root on Debian or Ubuntu: the distribution's package is installed, then as 2

Where none can be had the tests that need one fail; with ALLOW_NO_BROKER=1 they are skipped, loudly.
"""

import os
import shutil
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


@contextmanager
def found(say: Say) -> Iterator[str]:
    """The AMQP URL of a RabbitMQ that is ready; whatever was started for it ends with the block."""
    if url := os.environ.get("TEST_BROKER_URL"):
        say("the RabbitMQ of TEST_BROKER_URL")
        wait_until(lambda: _answers(url), _BOOT_SECONDS, "the RabbitMQ of TEST_BROKER_URL answers")
        yield url
    elif _server():
        with _private_node(say) as url:
            yield url
    elif _docker_answers():
        with _container(say) as url:
            yield url
    elif os.geteuid() == 0 and Path("/etc/debian_version").exists():
        _install(say)
        with _private_node(say) as url:
            yield url
    else:
        _none(say)


def _none(say: Say) -> None:
    message = (
        "there is no RabbitMQ for the tests: set TEST_BROKER_URL, install rabbitmq-server, or start a Docker engine;"
        " ALLOW_NO_BROKER=1 leaves out the tests that need one."
    )
    if os.environ.get("ALLOW_NO_BROKER") == "1":
        say("NONE; the tests that need one are left out, because ALLOW_NO_BROKER=1")
        pytest.skip("no RabbitMQ, and ALLOW_NO_BROKER=1")
    pytest.fail(message)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    user, _, rest = url.removeprefix("amqp://").partition(":")
    password, _, host = rest.partition("@")
    try:
        with amqp.Connection(host.split("/")[0], userid=user, password=password, connect_timeout=2):
            return True
    except (OSError, amqp.AMQPError):
        return False


# A private node ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _server() -> str | None:
    """The server itself: Debian's wrapper on the PATH would drop the environment on its way to another user."""
    return shutil.which("rabbitmq-server", path="/usr/lib/rabbitmq/bin") or shutil.which("rabbitmq-server")


def _install(say: Say) -> None:
    say("none; installing the distribution's package rabbitmq-server")
    environment = os.environ | {
        "DEBIAN_FRONTEND": "noninteractive",
        "RUNLEVEL": "1",
    }  # RUNLEVEL: installed, not started
    for command in ("apt-get update -qq", "apt-get install -y -qq --no-install-recommends rabbitmq-server"):
        subprocess.run(command.split(), check=True, env=environment, stdout=subprocess.DEVNULL)


@contextmanager
def _private_node(say: Say) -> Iterator[str]:
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="darkroom-rabbitmq-"))
    say(f"a private node of {_server()} on port {port}")
    epmd = free_port()
    plugins = folder / "enabled_plugins"
    plugins.write_text("[].")
    environment = os.environ | {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(epmd),
        "RABBITMQ_NODENAME": f"darkroom-{uuid.uuid4().hex[:8]}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": str(folder / "rabbitmq.log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none-either"),
    }
    server = subprocess.Popen(
        [str(_server())], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    url = f"amqp://guest:guest@127.0.0.1:{port}//"
    try:
        wait_until(lambda: _answers(url), _BOOT_SECONDS, "the private RabbitMQ answers", alive=server)
        yield url
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        _end_port_mapper(epmd, environment)
        shutil.rmtree(folder, ignore_errors=True)


def _end_port_mapper(port: int, environment: dict[str, str]) -> None:
    """End the epmd that the node started on a port of our own."""
    if epmd := shutil.which("epmd"):
        subprocess.run([epmd, "-port", str(port), "-kill"], env=environment, check=False, capture_output=True)


# A container ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _docker_answers() -> bool:
    docker = shutil.which("docker")
    return bool(docker) and subprocess.run([str(docker), "info"], check=False, capture_output=True).returncode == 0


@contextmanager
def _container(say: Say) -> Iterator[str]:
    run = "docker run --rm -d -e RABBITMQ_DEFAULT_USER=test -e RABBITMQ_DEFAULT_PASS=test -p 127.0.0.1::5672"
    container = _output(f"{run} {IMAGE}")
    try:
        address = _output(f"docker port {container} 5672/tcp").splitlines()[0]
        say(f"a container of {IMAGE} on {address}")
        url = f"amqp://test:test@{address}//"
        wait_until(lambda: _answers(url), _BOOT_SECONDS, "the RabbitMQ container answers")
        yield url
    finally:
        subprocess.run(["docker", "rm", "-f", "-v", container], check=False, capture_output=True)


def _output(command: str) -> str:
    return subprocess.run(command.split(), check=True, capture_output=True, text=True).stdout.strip()
