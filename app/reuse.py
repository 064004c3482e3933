"""Results that are there already: the same file with the same steps and settings is not worked on again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from app.database import batches, reading
from app.imaging.condition import Traits
from app.imaging.naming import page_of
from app.models import Asset, Item, Output

Stored = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an original that was worked on before; `width` and `height` as displayed."""

    media_type: str
    width: int
    height: int
    frames: int
    bytes: int

    @property
    def traits(self) -> Traits:
        """Whether there is transparency is not known."""
        return Traits((self.width, self.height), self.media_type, self.frames, alpha=False)

    @property
    def of_an_asset(self) -> dict[str, Any]:
        """What a worker writes into the row of an original that it opened."""
        return {name: getattr(self, name) for name in ("media_type", "width", "height", "frames")}


@dataclass(frozen=True, slots=True)
class Reusable:
    """An item of which every output can be had again, by its key; and what was found out while it was made."""

    outputs: dict[str, Output]
    data: dict[str, Any]
    facts: Facts


def whole(key: str, is_stored: Stored) -> Reusable | None:
    """The newest item with this key, if all of its files are still stored; whoever names them has to keep them."""
    newest = select(Item).where(Item.key == key).order_by(Item.finished_at.desc()).limit(1)
    with reading() as session:
        item = session.scalar(newest.options(selectinload(Item.outputs), joinedload(Item.asset)))
        known = _facts(item.asset if item else None)
    if item is None or known is None or not all(is_stored(output.sha256) for output in item.outputs):
        return None
    return Reusable({str(output.key): output for output in item.outputs}, item.data or {}, known)


def single(keys: Iterable[str], is_stored: Stored) -> dict[str, Output]:
    """The newest output of each of these keys that is still stored."""
    found = dict[str, Output]()
    with reading() as session:
        for batch in batches(set(keys)):
            rank = func.row_number().over(partition_by=Output.key, order_by=Output.created_at.desc()).label("rank")
            ranked = select(Output.id, rank).where(Output.key.in_(batch)).subquery()
            newest = select(Output).join(ranked, ranked.c.id == Output.id).where(ranked.c.rank == 1)
            found |= {str(row.key): row for row in session.scalars(newest) if is_stored(row.sha256)}
    return found


def data_of(output: Output) -> dict[str, Any] | None:
    """What was found out from this output, where it is the smallest of its item, or of the first page of its item: the
    placeholder and its like.
    """
    with reading() as session:
        item = session.get(Item, output.item_id, options=[selectinload(Item.outputs)])
    if item is None or item.data is None:
        return None
    smallest = min(_area(one) for one in item.outputs if page_of(one.name) == page_of(output.name))
    return item.data if _area(output) == smallest else None


def _area(output: Output) -> int:
    return (output.width or 0) * (output.height or 0)


def facts(sha256: str) -> Facts | None:
    """Of the original with this content, where some worker has opened it."""
    known = select(Asset).where(Asset.sha256 == sha256, Asset.media_type.is_not(None)).limit(1)
    with reading() as session:
        return _facts(session.scalar(known))


def facts_for(output: Output) -> Facts | None:
    """Of its original, as it was opened for this output: a PDF in the same resolution, by the same engine."""
    with reading() as session:
        item = session.get(Item, output.item_id, options=[joinedload(Item.asset)])
    return _facts(item.asset if item else None)


def _facts(asset: Asset | None) -> Facts | None:
    if asset is None or None in (asset.media_type, asset.width, asset.height, asset.frames):
        return None
    return Facts(str(asset.media_type), asset.width or 0, asset.height or 0, asset.frames or 0, asset.bytes or 0)
