"""The time that app, tasks and tests see: it stands in for the machine's clock, which no test can turn."""

import datetime as dt
import sys

import pytest

from app import database


class Clock:
    """Stands still until it is moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = database.utc_now()
        for name, module in list(sys.modules.items()):
            if name.startswith(("app.", "tasks.", "tests.")) and hasattr(module, "utc_now"):
                monkeypatch.setattr(module, "utc_now", lambda: self.now)

    def forward(self, **duration: float) -> None:
        """Move on by days=, hours=, minutes=, seconds=."""
        self.now += dt.timedelta(**duration)
