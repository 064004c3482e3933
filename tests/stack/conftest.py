"""One stack for all tests of this folder, in the order of their files: the last ones break it and take it down."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.stack import Stack, docker

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(1800))  # whichever runs first may build everything


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    stack = item.funcargs.get("stack") if hasattr(item, "funcargs") else None
    if report.failed and isinstance(stack, Stack):
        report.sections.append(("docker compose", stack.logs()))
    return report


@pytest.fixture(scope="session")
def engine() -> None:
    try:
        docker("compose", "version")
        docker("version")
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        pytest.fail(f"These tests need a running Docker engine with Compose v2: {error}", pytrace=False)


@pytest.fixture(scope="session")
def stack(engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole system, built and healthy."""
    stack = Stack(tmp_path_factory.mktemp("stack") / "darkroom")
    stack.prepare()
    try:
        try:
            stack.up("--build")
        except RuntimeError as error:
            pytest.fail(f"{error}\n{stack.logs()}", pytrace=False)
        yield stack
    finally:
        stack.remove()
