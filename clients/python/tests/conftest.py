"""A running Darkroom for the client: web, worker, dispatcher and a broker, all real."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from darkroom_client import Client
from darkroom_client.command import main

from clients.python.tests.between import Between, standing
from tests.conftest import broker_url
from tests.factories import photo
from tests.system import System

__all__ = ["broker_url"]


@pytest.fixture(scope="session")
def system(broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(tmp_path_factory.mktemp("system"), broker_url, WEB_THREADS="8") as running:
        yield running


@pytest.fixture
def between(system: System) -> Iterator[Between]:
    with standing(str(system.http.base_url).rstrip("/")) as between:
        yield between


@pytest.fixture
def client(between: Between) -> Iterator[Client]:
    with Client(between.url, retry_for=20) as client:
        yield client


@pytest.fixture
def paused(system: System) -> Iterator[None]:
    """Nothing of the bulk lane begins."""
    system.http.post("/api/v1/status/lanes/bulk/pause").raise_for_status()
    yield
    system.http.post("/api/v1/status/lanes/bulk/resume").raise_for_status()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two photos, and a text that calls itself one; other ones in each test."""
    made = {"a.jpg": photo(64, 48), "b.png": photo(80, 60, "PNG"), "c.jpg": b"no photo"}
    for name, content in made.items():
        (tmp_path / name).write_bytes(content + os.urandom(8))
    return [tmp_path / name for name in made]


@dataclass
class Ended:
    code: int
    out: str
    err: str


Darkroom = Callable[..., Ended]


@pytest.fixture
def environ(between: Between, tmp_path: Path) -> dict[str, str]:
    return {"DARKROOM_URL": between.url, "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def darkroom(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Darkroom:
    """The command, in this process."""

    def run(*arguments: object) -> Ended:
        try:
            code = main([str(argument) for argument in arguments], environ)
        except SystemExit as end:  # argparse
            code = int(str(end.code))
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run
