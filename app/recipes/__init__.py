"""Recipes: named, versioned, immutable descriptions of what to make of a file.

The built-in ones are the files in `built_in/`, one version each; a version is never changed once it was released.
"""

from functools import cache
from pathlib import Path

from app.errors import UnknownRecipe
from app.recipes.faults import nearest
from app.recipes.recipe import Recipe, load, parse

__all__ = ["DEFAULT", "Recipe", "built_in", "find", "latest", "load", "parse"]

DEFAULT = "web-images"
_FOLDER = Path(__file__).parent / "built_in"


@cache
def _built_in() -> dict[tuple[str, int], Recipe]:
    recipes = [load(file.read_text("utf-8")) for file in sorted(_FOLDER.glob("*.yaml"))]
    return {(recipe.name, recipe.version): recipe for recipe in recipes}


def find(name: str, version: int) -> Recipe:
    """The recipe of a job. Raises UnknownRecipe where no such version was ever released."""
    try:
        return _built_in()[name, version]
    except KeyError:
        raise UnknownRecipe(f"There is no version {version} of a recipe {name}.") from None


def latest(name: str) -> Recipe:
    """The newest version of the recipe `name`. Raises UnknownRecipe where there is none."""
    versions = [version for known, version in _built_in() if known == name]
    if not versions:
        raise UnknownRecipe(f"There is no recipe {name[:60]}{nearest(name, {known for known, _ in _built_in()})}.")
    return find(name, max(versions))


def built_in() -> list[Recipe]:
    """The newest version of each recipe that comes with Darkroom."""
    return [latest(name) for name in sorted({name for name, _ in _built_in()})]
