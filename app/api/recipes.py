"""Recipes: look at them, save new ones, ask what one would make."""

from typing import Any

from flask import Blueprint, url_for
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from app import recipes
from app.api.operation import Answer, Body, Integer, Result, operation
from app.errors import IncompleteUpload, InvalidRecipe, UnknownRecipe, UnsuitableImage
from app.imaging.condition import MediaType, Traits
from app.recipes import Recipe
from app.recipes.schema import Value
from app.submission import read_body

blueprint = Blueprint("recipes", __name__, url_prefix="/recipes")

_DOCUMENT = {
    "type": "object",
    "description": "A recipe. Its JSON Schema is at `/api/v1/operations`, as `recipe_schema`.",
    "properties": {"schema": {"const": 1}, "name": {"type": "string"}},
    "required": ["schema", "name"],
}


class RecipeSummary(BaseModel):
    """One version of a recipe; it is never changed."""

    name: str
    version: int
    built_in: bool
    description: str
    vars: dict[str, JsonValue]
    outputs: list[str] = Field(description="The names of the files that it makes, with the defaults of its variables.")
    collect: list[str] = Field(description="The names of what it makes of the results of all files of a job.")
    url: str


class RecipeList(BaseModel):
    recipes: list[RecipeSummary]


class WholeRecipe(RecipeSummary):
    versions: list[int]
    document: dict[str, JsonValue] = Field(description="The recipe as it can be saved.")


class RecipeVersions(BaseModel):
    versions: list[RecipeSummary] = Field(description="The newest first.")


@blueprint.get("")
@operation({200: Answer(RecipeList, "The default one first, then by name.")})
def list_recipes() -> Result:
    """The newest version of every recipe."""
    return RecipeList(recipes=[RecipeSummary(**_summary(recipe)) for recipe in recipes.all_latest()])


@blueprint.get("/<name>")
@operation({200: Answer(WholeRecipe, "The recipe.")}, errors=[UnknownRecipe])
def get_recipe(name: str) -> Result:
    """One recipe, whole.

    `name` is its newest version, `name@version` one of them.
    """
    recipe = recipes.asked_for(name)
    versions = recipes.versions(recipe.name)
    return WholeRecipe(**_summary(recipe), versions=versions, document=recipe.written)


@blueprint.get("/<name>/versions")
@operation({200: Answer(RecipeVersions, "The newest first.")}, errors=[UnknownRecipe])
def list_versions(name: str) -> Result:
    """Every version of a recipe."""
    named = recipes.asked_for(name).name
    found = [recipes.find(named, version) for version in reversed(recipes.versions(named))]
    return RecipeVersions(versions=[RecipeSummary(**_summary(recipe)) for recipe in found])


@blueprint.post("")
@operation(
    {201: Answer(RecipeSummary, "It is saved, or was before.", {"Location": "Where this version is."})},
    content={"application/yaml": _DOCUMENT, "application/json": _DOCUMENT},
    errors=[IncompleteUpload, InvalidRecipe],
)
def save_recipe() -> Result:
    """Save a recipe as the next version of its name.

    In YAML or JSON. One that says what the newest version says is that version.
    """
    body = read_body(recipes.MAX_BYTES)
    if len(body) > recipes.MAX_BYTES:
        raise InvalidRecipe(f"The recipe has more than {recipes.MAX_BYTES:,} bytes, the most it may have.")
    try:
        recipe = recipes.save(recipes.load(body.decode()))
    except UnicodeDecodeError as error:
        raise InvalidRecipe(f"The recipe is no UTF-8 text, from byte {error.start} on.") from None
    return RecipeSummary(**_summary(recipe)), 201, {"Location": _url(recipe)}


class Picture(Body):
    """A picture that need not exist: its size as displayed, and what is known of its file."""

    width: Integer = Field(ge=1, le=1_000_000)
    height: Integer = Field(ge=1, le=1_000_000)
    media_type: MediaType = "image/jpeg"
    frames: Integer = Field(default=1, ge=1, le=100_000, description="Of an animation, or pages of a document.")
    alpha: bool = Field(default=False, description="Whether it has transparency.")
    vars: dict[str, Value] = Field(default={}, description="Values for the variables of the recipe.")

    def traits(self) -> Traits:
        return Traits((self.width, self.height), self.media_type, self.frames, self.alpha)


class PlannedOutput(BaseModel):
    """The size is an upper bound where it depends on what the picture shows."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    format: str
    width: int
    height: int


class Plan(BaseModel):
    """Memory and time are estimates, good for telling a second from a minute."""

    model_config = ConfigDict(from_attributes=True)

    outputs: list[PlannedOutput]
    pages: int = Field(description="All outputs are made of each of so many pages.")
    decoded_megapixels: float
    memory_bytes: int
    seconds: float


@blueprint.post("/<name>/plan")
@operation({200: Answer(Plan, "The plan.")}, body=Picture, errors=[UnknownRecipe, UnsuitableImage])
def plan_recipe(name: str, body: Picture) -> Result:
    """What a recipe would make of a picture of this size.

    And what that would take; nothing is made.
    """
    return Plan.model_validate(recipes.asked_for(name).plan(body.traits(), body.vars))


def _summary(recipe: Recipe) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "version": recipe.version,
        "built_in": recipe.is_built_in,
        "description": recipe.description,
        "vars": recipe.written.get("vars", {}),
        "outputs": recipe.output_names,
        "collect": list(recipe.document.collect),
        "url": _url(recipe),
    }


def _url(recipe: Recipe) -> str:
    return url_for("api.recipes.get_recipe", name=f"{recipe.name}@{recipe.version}")
