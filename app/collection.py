"""Collecting files that no row names any more.

A file is stored before the row that names it is committed, and equal files are stored once; so a file may be found
without a row in the very moment in which somebody is about to name it. Who names files and who removes them therefore
take turns: on SQLite because transactions that write do, elsewhere by a lock on one row. Who names files looks, in its
turn, whether they are still there.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.database import batches, db, transaction
from app.errors import FilesCollected
from app.models import Asset, Output, PeriodicTask
from app.storage import Store

TASK = "collect"
EVERY = dt.timedelta(hours=1)
OLDER_THAN = dt.timedelta(days=1)
"""Older than any upload or attempt should be that still has temporary files; a longer one has to be repeated."""

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Collected:
    files: int
    temporary: int


def keep_files(session: Session, hashes: Iterable[str], is_stored: Callable[[str], bool]) -> None:
    """Called in the transaction that commits rows naming these files. Raises FilesCollected where one is gone."""
    session.execute(_turn().with_for_update(read=True))
    if not all(is_stored(sha256) for sha256 in set(hashes)):
        raise FilesCollected("An equal file was removed in this very moment; trying it again helps.")


def collect(store: Store, older_than: dt.timedelta = OLDER_THAN) -> Collected:
    """Remove all files that no row names, and temporary ones, that have not been touched for so long."""
    seconds = older_than.total_seconds()
    temporary = store.remove_temporary(seconds)
    files = sum(remove_unnamed(store, batch) for batch in batches(store.stored(seconds), _BATCH))
    return Collected(files, temporary)


def remove_unnamed(store: Store, hashes: Iterable[str]) -> int:
    """Remove those of these files that no row names; returns how many."""
    removed = 0
    for batch in batches(hashes, _BATCH):
        unnamed = _unnamed(db.session(), batch)
        db.session.remove()
        if not unnamed:
            continue
        with transaction() as session:
            session.execute(_turn().with_for_update())
            for sha256 in _unnamed(session, unnamed):
                store.remove(sha256)
                removed += 1
    return removed


def _turn() -> Select[str]:
    return select(PeriodicTask.name).where(PeriodicTask.name == TASK)


def _unnamed(session: Session, hashes: Iterable[str]) -> set[str]:
    left = set(hashes)
    for column in (Asset.sha256, Output.sha256):
        left -= set(session.scalars(select(column).where(column.in_(left))))
    return left
