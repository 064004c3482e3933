"""Results that are there already: the same file with the same steps and settings is not worked on again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.database import reading
from app.models import Asset, Item, Output

_FACTS = ("media_type", "width", "height", "frames")


@dataclass(frozen=True, slots=True)
class Reusable:
    """`outputs` that were found, by their keys; `asset` and `data` as they were then, where anything was found."""

    outputs: dict[str, Output] = field(default_factory=dict)
    asset: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)


def find(keys: Mapping[str, str], is_stored: Callable[[str], bool]) -> Reusable:
    """What some job has of these keys and what is still stored; whoever names a file then has to keep it."""
    whole = joinedload(Output.item).joinedload(Item.asset)
    with reading() as session:
        rows = session.scalars(select(Output).where(Output.key.in_(set(keys.values()))).options(whole)).all()
    found = {str(row.key): row for row in rows if is_stored(row.sha256)}
    return Reusable(found, *_facts(next(iter(found.values())).item)) if found else Reusable()


def _facts(item: Item) -> tuple[dict[str, Any], dict[str, Any]]:
    asset = item.asset or Asset()
    return {name: getattr(asset, name) for name in _FACTS}, item.data or {}
