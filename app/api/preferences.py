"""The header `Prefer` (RFC 7240): whoever makes a job may wait a while for its end.

A request that waits keeps its thread and nothing else: it asks for the state of the job now and then, without a
database connection in between. No more than half of the threads of a process wait at a time; whoever comes then is
answered at once, as if he had not asked.
"""

import time
from dataclasses import dataclass
from uuid import UUID

from flask import request
from sqlalchemy.exc import OperationalError
from werkzeug.http import parse_options_header

from app import jobs
from app.database import end_reading
from app.services import services

TAKES = {
    "Prefer": "`respond-async, wait=N` (RFC 7240): answer when the job has ended, within N seconds, 30 at the most."
}
MAX_WAIT_SECONDS = 30
_FIRST_LOOK, _LAST_LOOK = 0.05, 0.5


@dataclass(frozen=True, slots=True)
class Preference:
    """What was asked for and is honoured."""

    respond_async: bool = False
    wait: int = 0

    @property
    def headers(self) -> dict[str, str]:
        applied = ["respond-async"] * self.respond_async + [f"wait={self.wait}"] * bool(self.wait)
        return {"Preference-Applied": ", ".join(applied)} if applied else {}

    def without_waiting(self) -> "Preference":
        return Preference(self.respond_async)


def asked() -> Preference:
    """What is not understood is not asked for, says RFC 7240; the first mention of each counts."""
    found: dict[str, str] = {}
    for part in ",".join(request.headers.getlist("Prefer")).split(","):
        name, _, value = parse_options_header(part.strip())[0].partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait = found.get("wait", "")
    seconds = min(int(wait), MAX_WAIT_SECONDS) if wait.isdecimal() and wait.isascii() and len(wait) < 10 else 0
    return Preference("respond-async" in found, seconds)


def waited(job_id: UUID, preference: Preference) -> tuple[bool, Preference]:
    """Wait for the end of the job; whether it has ended, and what of the preference was honoured."""
    places = services().waiting
    if not preference.wait or not places.acquire(blocking=False):
        return False, preference.without_waiting()
    end_reading()
    try:
        return _has_ended(job_id, time.monotonic() + preference.wait), preference
    finally:
        places.release()


def _has_ended(job_id: UUID, until: float) -> bool:
    pause = _FIRST_LOOK
    while True:
        try:
            state = jobs.state(job_id)
        except OperationalError:
            return False  # the job is accepted, and nothing may fail any more
        if state is None or state.final:
            return state is not None
        if time.monotonic() + pause > until:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, _LAST_LOOK)
