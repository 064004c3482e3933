"""Waiting for a condition with a deadline."""

import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    condition: Callable[[], T],
    seconds: float,
    what: str,
    alive: subprocess.Popen[bytes] | None = None,
    pause: float = 0.05,
) -> T:
    """The first true value of `condition`. AssertionError after `seconds`, or when the process `alive` has ended."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        assert alive is None or alive.poll() is None, f"the process ended with {alive.poll()} before: {what}"
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(pause)
