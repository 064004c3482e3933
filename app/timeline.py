"""What happened to the items of a job, as far as it is shown with it: the newest lines of each."""

from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from app.database import db
from app.models import Event, Item

SHOWN = 20
"""An item that backs off for a day has hundreds of lines, and a job has many items; an item alone shows all of its."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """The oldest first; `left_out` is how many came before."""

    events: list[Event] = field(default_factory=list)
    left_out: int = 0


def of_job(job_id: UUID) -> dict[UUID, Timeline]:
    """By item; one to which nothing has happened yet has none."""
    return _by_item(Item.job_id == job_id)


def of_items(ids: Collection[UUID]) -> dict[UUID, Timeline]:
    """As `of_job`, of some items."""
    return _by_item(Item.id.in_(ids))


def _by_item(where: ColumnElement[bool]) -> dict[UUID, Timeline]:
    rank = func.row_number().over(partition_by=Event.item_id, order_by=Event.id.desc())
    count = func.count().over(partition_by=Event.item_id)
    ranked = (
        select(Event.id, rank.label("rank"), count.label("count"))
        .join(Item, Item.id == Event.item_id)
        .where(where)
        .subquery()
    )
    newest = select(Event, ranked.c.count).join(ranked, ranked.c.id == Event.id).where(ranked.c.rank <= SHOWN)
    found: dict[UUID, Timeline] = {}
    for event, told in db.session.execute(newest.order_by(Event.id)):
        found.setdefault(event.item_id, Timeline([], max(told - SHOWN, 0))).events.append(event)
    return found


def of_item(item_id: UUID) -> Timeline:
    """All of it."""
    return Timeline(list(db.session.scalars(select(Event).where(Event.item_id == item_id).order_by(Event.id))))
