"""Lists that come page by page, each page at the same price however long the list is.

A page begins `before` or `after` a row, in the order in which rows were made, and is read along an index. Of several
conditions on jobs one chooses the index, and the others are looked for among the next `WINDOW` jobs of it only: such a
page may be short, even empty, and the list goes on all the same.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, contains_eager, joinedload, selectinload

from app.database import db
from app.errors import BadField, NotFound
from app.ids import first_id_at
from app.models import Asset, Event, Item, Job, JobState, Lane, Output

WINDOW = 1000

Row = TypeVar("Row")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Cursor(Generic[Key]):
    """Where a page begins: with what was made before or after the row with this key; without both, with the list.

    With both, the list is what was made between the two.
    """

    limit: int
    before: Key | None = None
    after: Key | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`next` and `prev` are cursors of the pages beside this one, where there are any: a parameter and its value."""

    rows: Sequence[Row]
    next: tuple[str, Any] | None = None
    prev: tuple[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which jobs; `q` is looked for in the names of their files."""

    recipe: str | None = None
    state: JobState | None = None
    lane: Lane | None = None
    since: dt.datetime | None = None
    q: str | None = None

    def equal(self) -> list[ColumnElement[bool]]:
        """Each is the beginning of an index; that of which there are the most kinds comes first."""
        asked = (Job.recipe, self.recipe), (Job.state, self.state), (Job.lane, self.lane)
        return [column == value for column, value in asked if value is not None]

    def named(self) -> list[ColumnElement[bool]]:
        if self.q is None:
            return []
        file = Item.job_id == Job.id, Item.asset_id == Asset.id, Asset.name.icontains(self.q, autoescape=True)
        return [exists().where(*file)]


def jobs(wanted: Wanted, cursor: Cursor[UUID]) -> Page[Job]:
    """Without their items, the newest first."""
    by_index, others = wanted.equal()[:1], wanted.equal()[1:] + wanted.named()
    if wanted.since is not None:
        by_index.append(Job.id >= first_id_at(wanted.since))
    if not others:
        return _page(select(Job).where(*by_index), Job.id, cursor, newest_first=True)
    return _searched(select(Job.id).where(*by_index), others, cursor)


def _searched(window: Select[UUID], others: list[ColumnElement[bool]], cursor: Cursor[UUID]) -> Page[Job]:
    """Where more is found than the page takes, it ends there; otherwise where the window does."""
    seen = _page(window, Job.id, Cursor(WINDOW, cursor.before, cursor.after), newest_first=True)
    backwards = cursor.after is not None and cursor.before is None
    order = Job.id if backwards else Job.id.desc()
    matching = select(Job).where(Job.id.in_(seen.rows), *others).order_by(order).limit(cursor.limit + 1)
    found = db.session.scalars(matching).all()
    if len(found) <= cursor.limit:
        return Page(found[::-1] if backwards else found, seen.next, seen.prev)
    rows = found[: cursor.limit]
    if backwards:
        return Page(rows[::-1], seen.next, ("after", rows[-1].id))
    return Page(rows, ("before", rows[-1].id), seen.prev)


def assets(cursor: Cursor[UUID]) -> Page[Asset]:
    """The newest first."""
    return _page(select(Asset), Asset.id, cursor, newest_first=True)


def items(job_id: UUID, cursor: Cursor[int]) -> Page[Item]:
    """Of one job, with their outputs, in its order; the key is the position."""
    whole = joinedload(Item.asset), joinedload(Item.job), selectinload(Item.outputs)
    return _page(select(Item).where(Item.job_id == job_id).options(*whole), Item.position, cursor)


def events(job_id: UUID, cursor: Cursor[int]) -> Page[Event]:
    """Of all items of one job, in the order in which they were written."""
    return _page(select(Event).join(Item, Item.id == Event.item_id).where(Item.job_id == job_id), Event.id, cursor)


def outputs(job_id: UUID, cursor: Cursor[UUID]) -> Page[Output]:
    """Of all items of one job, in the order of the job.

    Raises NotFound where the output of the cursor is not there (any more).
    """
    key = tuple_(Item.position, Output.position)
    rows = select(Output).join(Output.item).where(Item.job_id == job_id).options(contains_eager(Output.item))
    if cursor.before is not None:
        rows = rows.where(key < _place(cursor.before, "before"))
    if cursor.after is not None:
        rows = rows.where(key > _place(cursor.after, "after"))
    if cursor.before is not None and cursor.after is None:
        rows = rows.order_by(Item.position.desc(), Output.position.desc())
    else:
        rows = rows.order_by(Item.position, Output.position)
    found = db.session.scalars(rows.limit(cursor.limit + 1)).all()
    return _cut(found, [output.id for output in found], cursor, newest_first=False)


def _place(output_id: UUID, parameter: str) -> Any:
    asked = select(Item.position, Output.position).join(Output.item).where(Output.id == output_id)
    place = db.session.execute(asked).one_or_none()
    if place is None:
        message = f"There is no output {output_id} any more; begin the list again."
        raise NotFound(message, [BadField(message, parameter=parameter)])
    return tuple_(*place)


def _page(
    query: Select[Any], key: InstrumentedAttribute[Any], cursor: Cursor[Any], *, newest_first: bool = False
) -> Page[Any]:
    """The rows next to the cursor, along an index that ends with `key`."""
    if cursor.before is not None:
        query = query.where(key < cursor.before)
    if cursor.after is not None:
        query = query.where(key > cursor.after)
    one_edge = (cursor.before is None) != (cursor.after is None)
    descending = cursor.before is not None if one_edge else newest_first
    query = query.order_by(key.desc() if descending else key)
    found = db.session.scalars(query.limit(cursor.limit + 1)).all()
    return _cut(found, [getattr(row, key.key, row) for row in found], cursor, newest_first=newest_first)


def _cut(found: Sequence[Any], keys: Sequence[Any], cursor: Cursor[Any], *, newest_first: bool) -> Page[Any]:
    """`found` begins next to the cursor, and has one row more where the list goes on behind the page.

    Whoever names a cursor comes from there, so there is a page on that side.
    """
    rows, keys, more = found[: cursor.limit], keys[: cursor.limit], len(found) > cursor.limit
    onward, back = ("before", "after") if newest_first else ("after", "before")
    if getattr(cursor, back) is not None and getattr(cursor, onward) is None:
        return Page(rows[::-1], (onward, keys[0]) if rows else None, (back, keys[-1]) if more else None)
    came = rows and getattr(cursor, onward) is not None and getattr(cursor, back) is None
    return Page(rows, (onward, keys[-1]) if more else None, (back, keys[0]) if came else None)
