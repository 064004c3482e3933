"""Requests that name an Idempotency-Key: the same one twice is done once (draft-ietf-httpapi-idempotency-key-header).

A key is reserved before its request is read, and answered in the very transaction that does what the request asks for:
a process that dies in between leaves a reservation and nothing else. Somebody else may take that over once its process
is provably dead or some time has passed; whoever finds his reservation taken over does nothing.
"""

import datetime as dt
import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import owners
from app.database import transaction, utc_now
from app.errors import KeyInUse, KeyReused
from app.ids import new_id
from app.models import IdempotentRequest as Request

KEPT_FOR = dt.timedelta(hours=24)
EVERY = dt.timedelta(minutes=10)
_UNDER_WAY_FOR = dt.timedelta(minutes=15)
"""For so long nobody takes over a reservation whose process may be alive."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The first answer to a request, and the job that it made, if it made one."""

    fingerprint: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    job_id: UUID | None

    def of(self, fingerprint: str) -> "Answer":
        """Raises KeyReused where it was given to another request than the one with this fingerprint."""
        if fingerprint != self.fingerprint:
            raise KeyReused("This Idempotency-Key was used for another request; make a new one for this.")
        return self


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to answer the request with this key; `answer` is what was answered before."""

    owner: str
    key: str
    token: UUID
    answer: Answer | None = None


def reserve(owner: str, key: str) -> Reservation:
    """Raises KeyInUse where somebody works on a request with this key."""
    mine = Reservation(owner, hashlib.sha256(key.encode()).hexdigest(), new_id())
    try:
        with transaction() as session:
            row = session.get(Request, (owner, mine.key), with_for_update=True)
            if row is None:
                session.add(Request(owner=owner, key=mine.key, token=mine.token, holder=owners.this_process()))
                return mine
            return _again(row, mine)
    except IntegrityError:  # somebody else was first, in this very moment
        raise _in_use() from None


def _again(row: Request, mine: Reservation) -> Reservation:
    now = utc_now()
    if row.created_at > now - KEPT_FOR:
        if row.status is not None:
            return Reservation(mine.owner, mine.key, row.token, _answer(row))
        if row.created_at > now - _UNDER_WAY_FOR and not owners.is_provably_dead(row.holder):
            raise _in_use()
    row.token, row.holder, row.created_at = mine.token, owners.this_process(), now
    row.status = row.fingerprint = row.headers = row.body = row.job_id = None
    return mine


def answer(session: Session, reservation: Reservation, answer: Answer) -> None:
    """Keep the answer, in the transaction that does what it tells of. Raises KeyInUse where somebody took it over."""
    values = {
        "fingerprint": answer.fingerprint, "status": answer.status, "headers": dict(answer.headers),
        "body": zlib.compress(answer.body), "job_id": answer.job_id,
    }  # fmt: skip
    result = session.execute(update(Request).where(_unanswered(reservation)).values(values))
    if cast("CursorResult[object]", result).rowcount != 1:
        raise _in_use()


def release(reservation: Reservation) -> None:
    """Forget a reservation that was not answered: the request was refused, and may be corrected and sent again."""
    with transaction() as session:
        session.execute(delete(Request).where(_unanswered(reservation)))


def forget_old(session: Session, now: dt.datetime) -> None:
    session.execute(delete(Request).where(Request.created_at < now - KEPT_FOR))


def _unanswered(mine: Reservation) -> ColumnElement[bool]:
    return and_(
        Request.owner == mine.owner, Request.key == mine.key, Request.token == mine.token, Request.status.is_(None)
    )


def _answer(row: Request) -> Answer:
    body = zlib.decompress(row.body or b"")
    return Answer(str(row.fingerprint), row.status or 0, row.headers or {}, body, row.job_id)


def _in_use() -> KeyInUse:
    return KeyInUse("A request with this Idempotency-Key is under way; send it again in some seconds.")
