"""Taking items back whose attempt is over without an end: the worker is lost or seen to be dead."""

import logging
import math
import time
from uuid import UUID

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app import dispatch, owners
from app.database import db, transaction, utc_now
from app.dispatch import Attempt
from app.items import Patience

log = logging.getLogger(__name__)

_SUSPECT_SECONDS = 3
_AT_ONCE_SECONDS = 0.5
_LOOKS_APART_SECONDS = 3
"""Looks that are further apart (this process stood still) say nothing of what was between them."""


class Recovery:
    """Takes back at once from the provably dead, and from others once their lease has ended.

    While the database was locked or away nobody could renew a lease. So a lease counts as ended only after it was seen
    so for some seconds, in each of which the database could be written at once: whoever lives has renewed by then.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._suspected: dict[tuple[UUID, int], float] = {}
        self._looked_at = -math.inf

    def take_back(self) -> int:
        """Return to the queue or quarantine what is lost; returns how many items that were."""
        try:
            attempts = _running()
            lost = [attempt for attempt in attempts if owners.is_provably_dead(attempt.owner)]
            lost += self._overdue([attempt for attempt in attempts if attempt not in lost])
        except OperationalError:
            self._suspected.clear()
            raise
        return _take_back(lost, self._patience)

    def _overdue(self, attempts: list[Attempt]) -> list[Attempt]:
        now = utc_now()
        ended = [attempt for attempt in attempts if attempt.lease_until < now]
        if ended and not _writable_at_once():
            ended = []
        looked, self._looked_at = self._looked_at, time.monotonic()
        since, self._suspected = self._suspected if self._looked_at - looked < _LOOKS_APART_SECONDS else {}, {}
        for attempt in ended:
            key = attempt.item_id, attempt.number
            self._suspected[key] = since.get(key, time.monotonic())
        sure = time.monotonic() - _SUSPECT_SECONDS
        return [attempt for attempt in ended if self._suspected[attempt.item_id, attempt.number] <= sure]


def take_back_from_dead(patience: Patience) -> None:
    """What a process of a worker's pool does first: the one whose place it takes may have died at work.

    Across containers nobody else can prove that. It goes on where that fails: leases end by themselves.
    """
    try:
        _take_back([attempt for attempt in _running() if owners.is_provably_dead(attempt.owner)], patience)
    except SQLAlchemyError as error:
        log.warning("looking for lost items failed: %s", error)


def _running() -> list[Attempt]:
    try:
        return dispatch.running(db.session())
    finally:
        db.session.remove()


def _writable_at_once() -> bool:
    asked = time.monotonic()
    with transaction():
        return time.monotonic() - asked < _AT_ONCE_SECONDS


def _take_back(lost: list[Attempt], patience: Patience) -> int:
    """One row that the database refuses must not keep the others from being taken back."""
    taken = 0
    for attempt in lost:
        try:
            taken += dispatch.take_back(attempt, patience)
        except OperationalError:
            raise
        except SQLAlchemyError:
            log.exception("item %s can not be taken back", attempt.item_id)
    if taken:
        log.warning("took %d items back from lost workers", taken)
    return taken
