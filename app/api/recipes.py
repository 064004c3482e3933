"""Recipes over the API: look at them, save new ones."""

from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for

from app import recipes
from app.errors import InvalidRecipe
from app.recipes import Recipe

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
    try:
        text = request.stream.read(recipes.MAX_BYTES + 1).decode()
    except UnicodeDecodeError as error:
        raise InvalidRecipe(f"The recipe is no UTF-8 text, from byte {error.start} on.") from None
    recipe = recipes.save(recipes.load(text))
    return jsonify(_summary(recipe)), 201, {"Location": _url(recipe)}


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
