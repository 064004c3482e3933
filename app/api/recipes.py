"""Recipes over the API: look at them, save new ones."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app import recipes
from app.errors import InvalidParameter, InvalidRecipe
from app.imaging.condition import Traits
from app.recipes import Recipe
from app.recipes.faults import faults_of, told
from app.recipes.schema import Value

blueprint = Blueprint("recipes", __name__, url_prefix="/api/v1/recipes")


@blueprint.get("")
def list_recipes() -> Response:
    """The newest version of every recipe."""
    return jsonify({"recipes": [_summary(recipe) for recipe in recipes.all_latest()]})


@blueprint.get("/<name>")
def get_recipe(name: str) -> Response:
    """`name`, or `name@version`: the whole recipe, and which versions there are."""
    recipe = recipes.asked_for(name)
    versions = recipes.versions(recipe.name)
    return jsonify(_summary(recipe) | {"versions": versions, "document": recipe.written})


@blueprint.post("")
def save_recipe() -> tuple[Response, int, dict[str, str]]:
    """Save the recipe of the body, in YAML or JSON, as the next version of its name.

    One that says what the newest version says is that version.
    """
    body = request.stream.read(recipes.MAX_BYTES + 1)
    if len(body) > recipes.MAX_BYTES:
        raise InvalidRecipe(f"The recipe has more than {recipes.MAX_BYTES:,} bytes, the most it may have.")
    try:
        recipe = recipes.save(recipes.load(body.decode()))
    except UnicodeDecodeError as error:
        raise InvalidRecipe(f"The recipe is no UTF-8 text, from byte {error.start} on.") from None
    return jsonify(_summary(recipe)), 201, {"Location": _url(recipe)}


@blueprint.post("/<name>/plan")
def plan_recipe(name: str) -> Response:
    """What the recipe would make of a picture of this size, and what that would take; nothing is made."""
    asked = _asked(request.stream.read(recipes.MAX_BYTES))
    planned = recipes.asked_for(name).plan(asked.traits(), asked.vars)
    return jsonify(asdict(planned))


class _Asked(BaseModel):
    """A picture that need not exist: its size as displayed, and what is known of its file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    width: int = Field(ge=1, le=1_000_000)
    height: int = Field(ge=1, le=1_000_000)
    media_type: str = "image/jpeg"
    frames: int = Field(default=1, ge=1, le=100_000)
    alpha: bool = False
    vars: dict[str, Value] = {}

    def traits(self) -> Traits:
        return Traits((self.width, self.height), self.media_type, self.frames, self.alpha)


def _asked(body: bytes) -> _Asked:
    try:
        return _Asked.model_validate_json(body)
    except ValidationError as error:
        raise InvalidParameter(told(faults_of(error, _Asked))) from None


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
    return url_for("recipes.get_recipe", name=f"{recipe.name}@{recipe.version}")
