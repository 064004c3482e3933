from collections.abc import Iterator

import pytest

from tests.system import System


@pytest.fixture(scope="module")
def system(broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One running Darkroom on RabbitMQ for all tests of a file, which do not break it."""
    with System(
        tmp_path_factory.mktemp("system"), broker_url, MAX_PIXELS="1000000", UPLOAD_SILENCE_SECONDS="2", WEB_THREADS="4"
    ) as running:
        yield running
