from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import photographs as debian

from .judge import Judge


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    with Judge(tmp_path_factory.mktemp("judge")) as judge:
        yield judge


@pytest.fixture(scope="session")
def found() -> tuple[list[Path], str | None]:
    return debian.photographs()


@pytest.fixture(scope="session")
def photographs(found: tuple[list[Path], str | None]) -> list[Path]:
    """Files of 12 megapixels and more; a made-up one where Debian's are not to be had."""
    return found[0]
