"""Trying again what may work later: when, how often and for how long."""

import random
import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from darkroom_client.errors import ApiError, Unreachable

T = TypeVar("T")
OnRetry = Callable[[Exception, float], object]
"""Is told the error and for how many seconds is waited now."""

_FIRST_PAUSE, _LAST_PAUSE = 0.5, 30.0


def again(attempt: Callable[[], T], seconds: float, on_retry: OnRetry, *, repeatable: bool = True) -> T:
    """What `attempt` returns, once it does; the last error where it did not for `seconds` from its first one on.

    The server's Retry-After says how long to wait; where it says nothing, the pauses grow. Nobody waits for a moment
    that is too late anyhow.
    """
    until = None
    for number in count():
        try:
            return attempt()
        except (ApiError, Unreachable) as error:
            now = time.monotonic()
            until = now + seconds if until is None else until
            pause = _pause(number) if error.retry_after is None else error.retry_after
            if not error.may_be_sent_again(repeatable=repeatable) or now + pause > until:
                raise
            on_retry(error, pause)
            time.sleep(pause)
    raise AssertionError


def _pause(number: int) -> float:
    """Shortened at random, so that many clients do not come back in the same moment."""
    return float(min(_FIRST_PAUSE * 2 ** min(number, 10), _LAST_PAUSE)) * random.uniform(0.5, 1)  # noqa: S311
