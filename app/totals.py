"""What was done since this Darkroom was set up, counted: deleting jobs takes nothing from it.

A counter is a column, of a few rows that share the counting: so workers that end items at the same time seldom wait for
one another. A transaction changes one of them, by chance, and as the very last thing that it does: whoever holds one
waits for nothing any more but the end of its transaction, so that no two can wait for each other.
"""

import random
from collections import Counter

from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from app.models import Total

SHARDS = 8
"""Rows; the migration makes them."""
_COUNTED = "counted"


def count(session: Session, **more: int) -> None:
    """So much more of these columns of Total, once the transaction is committed."""
    session.info.setdefault(_COUNTED, Counter[str]()).update(more)


def read(session: Session) -> dict[str, int]:
    """Every counter, by its name."""
    names = [column.name for column in Total.__table__.columns if not column.primary_key]
    sums = session.execute(select(*(func.sum(getattr(Total, name)) for name in names))).one()
    return {name: int(value or 0) for name, value in zip(names, sums, strict=True)}


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    counted = {name: more for name, more in session.info.pop(_COUNTED, {}).items() if more}
    if counted:
        session.flush()  # all else comes before
        shard = Total.shard == random.randrange(SHARDS)  # noqa: S311
        session.execute(
            update(Total).where(shard).values({name: getattr(Total, name) + more for name, more in counted.items()}),
            execution_options={"synchronize_session": False},
        )
