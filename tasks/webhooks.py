"""Sending what is due to webhook endpoints, in a few threads of the dispatcher: waiting for others costs no worker.

They claim each delivery from the rows (app/webhooks/deliveries.py), so that several dispatchers share them, and what
one has begun that is killed is sent by another.
"""

import datetime as dt
import logging
import re
import threading
import time
from email.utils import parsedate_to_datetime

from flask import Flask
from sqlalchemy.exc import OperationalError

from app.database import utc_now
from app.errors import DarkroomError, OutgoingRefused
from app.outgoing import Answer, Limits, Outgoing
from app.webhooks import deliveries, signing
from app.webhooks.deliveries import HOLD_AT_MOST, Claim, Outcome

log = logging.getLogger(__name__)

THREADS = 8
FOR_FAILING = THREADS // 2
"""So many of them send to endpoints that fail, which may keep each until its time is over; the others never do."""

LIMITS = Limits(bytes=2000, connect=5, silence=10, whole=15)
"""Of the answer only the beginning is kept, to be looked at."""

_AGAIN_SECONDS = 1.0
_BEFORE_LEASE_ENDS = dt.timedelta(seconds=5)

_ASKS_TO_WAIT = (429, 503)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Courier:
    """`look` is called again and again; `stop` lets what is being sent come to its end."""

    def __init__(self, app: Flask, outgoing: Outgoing, limits: Limits = LIMITS) -> None:
        self._app, self._outgoing, self._limits = app, outgoing, limits
        self._stopping = threading.Event()
        self._threads: dict[int, threading.Thread] = {}

    def look(self) -> bool:
        """Start the threads that are missing, where something is due."""
        self._threads = {number: thread for number, thread in self._threads.items() if thread.is_alive()}
        if len(self._threads) < THREADS and deliveries.is_anything_due():
            for number in set(range(THREADS)) - self._threads.keys():
                failing_too = number < FOR_FAILING
                thread = threading.Thread(target=self._run, args=[failing_too], name=f"webhooks-{number}")
                thread.start()
                self._threads[number] = thread
        return False

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads.values():
            thread.join()

    def _run(self, failing_too: bool) -> None:
        try:
            with self._app.app_context():
                self.send_due(failing_too=failing_too)
        except Exception as error:
            log.error("%s: %s; it is sent again when the lease has ended", type(error).__name__, error)

    def send_due(self, *, failing_too: bool = True) -> None:
        """Send one after the other, until nothing is due or it is stopped."""
        while not self._stopping.is_set() and (claim := deliveries.claim(failing_too=failing_too)):
            outcome = self._sent(claim)
            self._record(claim, outcome)
            if outcome.error:
                log.info("delivery %s, attempt %d: %s", claim.delivery_id, claim.attempt, outcome.error)

    def _record(self, claim: Claim, outcome: Outcome) -> None:
        """Try again while the database is locked or away, as long as nobody else may send it."""
        while True:
            try:
                deliveries.record(claim, outcome)
                return
            except OperationalError as error:
                log.warning("delivery %s: the database does not answer: %s", claim.delivery_id, error.orig)
                if utc_now() > claim.until - _BEFORE_LEASE_ENDS or self._stopping.wait(_AGAIN_SECONDS):
                    raise

    def _sent(self, claim: Claim) -> Outcome:
        """Whatever goes wrong is an outcome: what is not recorded is sent again."""
        at, began = utc_now(), time.monotonic()
        try:
            self._outgoing.check(claim.url)
        except OutgoingRefused as error:  # a name may have other addresses later; this stays as it is
            return Outcome(at, _since(began), error=str(error), refused=True)
        try:
            answer = self._answer(claim, at)
            return Outcome(at, _since(began), answer.status, _shown(answer.body), _error(answer), _hold(answer))
        except DarkroomError as error:
            return Outcome(at, _since(began), error=str(error))
        except Exception as error:
            log.exception("delivery %s, attempt %d", claim.delivery_id, claim.attempt)
            why = f"It could not be sent ({type(error).__name__}); the dispatcher's log says more."
            return Outcome(at, _since(began), error=why)

    def _answer(self, claim: Claim, at: dt.datetime) -> Answer:
        body = claim.body.encode()
        headers = {"Content-Type": "application/json", **signing.headers(claim.keys, claim.message_id, at, body)}
        return self._outgoing.send(claim.url, body, headers, self._limits)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _shown(body: bytes) -> str:
    """As text that every database takes."""
    return _CONTROL.sub("\ufffd", body.decode("utf-8", "replace"))


def _error(answer: Answer) -> str | None:
    if 200 <= answer.status < 300:
        return None
    if 300 <= answer.status < 400:
        to = answer.headers.get("location", "")[:200]
        return f"It answered {answer.status} and points to {to!r}; redirects are not followed: change the URL."
    return f"It answered {answer.status}."


def _hold(answer: Answer) -> dt.timedelta | None:
    """What Retry-After asks for, in seconds or as a date (RFC 9110, section 10.2.3)."""
    value = answer.headers.get("retry-after", "").strip() if answer.status in _ASKS_TO_WAIT else ""
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(dt.timedelta(seconds=int(value)), HOLD_AT_MOST)
    try:
        moment = parsedate_to_datetime(value)
        wait = moment.replace(tzinfo=moment.tzinfo or dt.UTC) - utc_now()
    except (ValueError, OverflowError):
        return None
    return min(max(wait, dt.timedelta(0)), HOLD_AT_MOST)
