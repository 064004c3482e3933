"""Use cases of assets: keep files without a job, look at them, delete them."""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import delete, exists, select

from app import reuse, totals
from app.collection import keep_files
from app.database import db, transaction
from app.errors import AssetInUse, AssetNotOpened, NoFiles, NotFound
from app.imaging.condition import Traits
from app.models import Asset, Item
from app.uploads import ReceivedFile


def keep(files: Sequence[ReceivedFile], is_stored: Callable[[str], bool]) -> list[Asset]:
    """Record an asset per file, which stays until it is deleted. Raises NoFiles, FilesCollected."""
    if not files:
        raise NoFiles("The request has no file; send at least one, as `curl -F file=@photo.jpg` does.")
    assets = [
        Asset(name=file.name, sha256=file.stored.sha256, bytes=file.stored.bytes, kept=True) for file in files
    ]  # fmt: skip
    with transaction() as session:
        keep_files(session, (file.stored.sha256 for file in files), is_stored)
        session.add_all(assets)
        totals.count(session, input_bytes=sum(file.stored.bytes for file in files))
    return assets


def get(asset_id: UUID) -> Asset:
    asset = db.session.get(Asset, asset_id)
    if asset is None:
        raise NotFound(f"There is no asset {asset_id}.")
    return asset


def traits(asset_id: UUID) -> Traits:
    """What a worker found out when it opened a file of this content. Raises NotFound, AssetNotOpened."""
    asset = get(asset_id)
    known = reuse.facts(asset.sha256) if asset.sha256 else None
    if known is None:
        raise AssetNotOpened(
            f"No worker has opened {asset.name} yet, so that its size is not known. Make a job of it first, or send the"
            " width and height to /api/v1/recipes/NAME/plan."
        )
    return known.traits


def remove(asset_id: UUID) -> list[str]:
    """Delete the asset; returns the hashes of its file, which another row may name. Raises NotFound, AssetInUse."""
    with transaction() as session:
        # First the lock, then the look: whoever makes a job of it right now holds it, and has to be seen.
        asset = session.scalar(select(Asset).where(Asset.id == asset_id).with_for_update())
        if asset is None:
            raise NotFound(f"There is no asset {asset_id}.")
        if session.scalar(select(exists().where(Item.asset_id == asset_id))):
            raise AssetInUse(f"Jobs use {asset.name}; delete them first.")
        session.execute(delete(Asset).where(Asset.id == asset_id))
        return [asset.sha256] if asset.sha256 else []
