"""Signs of life of the workers and dispatchers, in the database: the other processes and doctor read them."""

import datetime as dt
import socket
from typing import Any
from uuid import UUID

from sqlalchemy import NullPool, create_engine, delete, insert, make_url, select, update
from sqlalchemy.orm import Session

from app.database import QUIET, utc_now
from app.ids import new_id
from app.models import Process, ProcessKind

BEAT_SECONDS = 5
ALIVE_FOR = dt.timedelta(seconds=30)
_FORGET_AFTER = dt.timedelta(hours=1)
_LIMITS: dict[str, dict[str, Any]] = {
    "sqlite": {"timeout": 1},
    "postgresql": {"connect_timeout": 2, "options": "-c statement_timeout=2000"},
    "mysql": {"connect_timeout": 2, "read_timeout": 2, "write_timeout": 2},
}


class Presence:
    """The row of one process.

    It has connections of its own, which wait for two seconds at most and are never left open: a worker beats from its
    event loop, and forks.
    """

    def __init__(self, database_url: str, kind: ProcessKind, name: str, concurrency: int = 1) -> None:
        limits = _LIMITS[make_url(database_url).get_backend_name()]
        self._engine = create_engine(database_url, poolclass=NullPool, connect_args=limits, **QUIET)
        self._id: UUID = new_id()
        self._values = {
            "id": self._id, "kind": kind, "name": f"{name}@{socket.gethostname()}"[:255],
            "concurrency": concurrency, "started_at": utc_now(),
        }  # fmt: skip

    def beat(self) -> None:
        """Say that the process is alive. Raises SQLAlchemyError where the database does not answer at once."""
        now = utc_now()
        with self._engine.begin() as connection:
            if connection.execute(update(Process).where(Process.id == self._id).values(seen_at=now)).rowcount == 0:
                connection.execute(insert(Process).values(self._values | {"seen_at": now}))

    def end(self) -> None:
        """Take the row away: the process ends as it should."""
        with self._engine.begin() as connection:
            connection.execute(delete(Process).where(Process.id == self._id))


def alive(session: Session, kind: ProcessKind, now: dt.datetime) -> list[Process]:
    seen = select(Process).where(Process.kind == kind, Process.seen_at > now - ALIVE_FOR)
    return list(session.scalars(seen.order_by(Process.name)))


def forget_dead(session: Session, now: dt.datetime) -> None:
    session.execute(delete(Process).where(Process.seen_at < now - _FORGET_AFTER))
