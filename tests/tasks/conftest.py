from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.imaging.limits import Limits
from app.outgoing import Allowed, Outgoing
from app.settings import Settings
from app.steps import StepCache
from app.storage import Store
from tasks.download import Download
from tasks.process import Processor
from tests.factories import LEASE, PATIENCE


@pytest.fixture
def steps(make_settings: Callable[..., Settings], store: Store) -> StepCache:
    return StepCache(make_settings().media_root, 10_000_000, store.has)


@pytest.fixture
def make_processor(context: Flask, store: Store) -> Callable[..., Processor]:
    def make(**more: Any) -> Processor:
        values: dict[str, Any] = {
            "limits": Limits(10_000, 100), "patience": PATIENCE, "lease": LEASE, "timeout_seconds": 60,
            "stop_at": lambda: float("inf"), "download": Download(Outgoing(Allowed()), 10**9, lambda _: None),
        }  # fmt: skip
        return Processor(store=store, **values | more)

    return make


@pytest.fixture
def processor(make_processor: Callable[..., Processor]) -> Processor:
    return make_processor()


@pytest.fixture
def unfinished(make_settings: Callable[..., Settings]) -> Callable[[], list[Path]]:
    """What stands in the store under a temporary name."""
    tmp = make_settings().media_root / "tmp"
    return lambda: list(tmp.rglob("*"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the database to come back."""
    monkeypatch.setattr("tasks.process._TRY_FOR_SECONDS", 0)
