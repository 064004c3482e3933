"""Assets: originals, with a job or without."""

from uuid import UUID

from flask import Blueprint
from pydantic import BaseModel, Field

from app import assets, listings, recipes, submission
from app.api.asset_documents import Asset, asset_document
from app.api.job_documents import NextPage
from app.api.lists import LINKS, ListQuery, links, next_page
from app.api.operation import Answer, Body, Result, form, operation
from app.api.recipes import Plan
from app.errors import (
    AssetInUse,
    AssetNotOpened,
    IncompleteUpload,
    InvalidParameter,
    MalformedUpload,
    NoFiles,
    NotMultipart,
    TooManyFiles,
    UnknownRecipe,
    UnsuitableImage,
    UploadTooLarge,
)
from app.recipes.schema import Value
from app.services import services

blueprint = Blueprint("assets", __name__, url_prefix="/assets")


_LOCATION = {"Location": "Where the asset is, if it is one."}


class AssetsQuery(ListQuery[UUID]):
    """The cursor is the id of an asset."""


class AssetList(BaseModel):
    assets: list[Asset]
    next: NextPage


class NewAssets(BaseModel):
    assets: list[Asset]


@blueprint.get("")
@operation({200: Answer(AssetList, "A page of the list.", LINKS)}, query=AssetsQuery)
def list_assets(query: AssetsQuery) -> Result:
    """The newest assets first."""
    page = listings.assets(query.cursor)
    return AssetList(assets=[asset_document(asset) for asset in page.rows], next=next_page(page)), 200, links(page)


@blueprint.post("")
@operation(
    {201: Answer(NewAssets, "They are stored, in the order in which they were sent.", _LOCATION)},
    content={"multipart/form-data": form()},
    errors=(IncompleteUpload, MalformedUpload, NoFiles, NotMultipart, TooManyFiles, UploadTooLarge),
)
def upload_assets() -> Result:
    """Store files without making a job of them.

    They stay until they are deleted; a job of them is made by `POST /api/v1/jobs` with their ids.
    """
    kept = assets.keep(submission.received_files(), services().store.has)
    stored = [asset_document(asset) for asset in kept]
    return NewAssets(assets=stored), 201, {"Location": stored[0].url} if len(stored) == 1 else {}


@blueprint.get("/<uuid:asset_id>")
@operation({200: Answer(Asset, "The asset.")})
def get_asset(asset_id: UUID) -> Result:
    """One asset."""
    return asset_document(assets.get(asset_id))


class Wish(Body):
    recipe: str = Field(default=recipes.DEFAULT, max_length=100, description="`name` or `name@version`.")
    vars: dict[str, Value] = Field(default={}, description="Values for the variables of the recipe.")


@blueprint.post("/<uuid:asset_id>/plan")
@operation(
    {200: Answer(Plan, "The plan.")}, body=Wish,
    errors=[AssetNotOpened, InvalidParameter, UnknownRecipe, UnsuitableImage],
)  # fmt: skip
def plan_asset(asset_id: UUID, body: Wish) -> Result:
    """What a recipe would make of an asset.

    And what that would take; nothing is made. A worker must have opened its file before.
    """
    traits = assets.traits(asset_id)
    return Plan.model_validate(recipes.asked_for(body.recipe).plan(traits, body.vars))


@blueprint.delete("/<uuid:asset_id>")
@operation({204: Answer(None, "It is gone.")}, errors=[AssetInUse])
def delete_asset(asset_id: UUID) -> Result:
    """Delete an asset that no job uses."""
    submission.delete_asset(asset_id)
    return None, 204
