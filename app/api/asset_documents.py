"""How assets look in JSON."""

from uuid import UUID

from flask import url_for
from pydantic import BaseModel, Field

from app import models
from app.api.moments import Moment


class AssetFacts(BaseModel):
    """An original; its type and size are null until a worker has opened it.

    One of a URL has no `sha256` and no `bytes` either until a worker has downloaded it.
    """

    id: UUID
    source_url: str | None = Field(description="Where it is downloaded from; null where it was sent.")
    sha256: str | None
    bytes: int | None
    media_type: str | None
    width: int | None
    height: int | None
    frames: int | None

    @classmethod
    def of(cls, asset: models.Asset) -> "AssetFacts":
        return AssetFacts(
            id=asset.id, source_url=asset.source_url, sha256=asset.sha256, bytes=asset.bytes,
            media_type=asset.media_type, width=asset.width, height=asset.height, frames=asset.frames,
        )  # fmt: skip


class Asset(AssetFacts):
    name: str
    kept: bool = Field(description="Whether it stays when no job uses it: it was uploaded by itself.")
    created_at: Moment
    url: str


def asset_document(asset: models.Asset) -> Asset:
    facts = AssetFacts.of(asset).model_dump()
    url = url_for("api.assets.get_asset", asset_id=asset.id)
    return Asset(**facts, name=asset.name, kept=asset.kept, created_at=asset.created_at, url=url)
