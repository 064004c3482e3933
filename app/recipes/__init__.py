"""Recipes: named, versioned, immutable descriptions of what to make of a file.

The built-in ones are the files in `built_in/`, one version each; a version is never changed once it was released.
Others are saved in the database; a version is never changed once it was saved.
"""

import json
from functools import cache
from pathlib import Path

from sqlalchemy import func, select

from app.database import reading, transaction
from app.errors import InvalidRecipe, UnknownRecipe
from app.models import SavedRecipe
from app.recipes.faults import nearest
from app.recipes.notation import MAX_BYTES
from app.recipes.recipe import Recipe, load, parse

__all__ = [
    "DEFAULT", "MAX_BYTES", "Recipe", "all_latest", "asked_for", "built_in", "find", "latest", "load", "parse", "save",
    "versions",
]  # fmt: skip

DEFAULT = "web-images"
_FOLDER = Path(__file__).parent / "built_in"


def find(name: str, version: int) -> Recipe:
    """One version of a recipe. Raises UnknownRecipe."""
    built_in = _built_in().get((name, version))
    if built_in:
        return built_in
    if recipe := _saved(name, version):
        return recipe
    raise UnknownRecipe(f"There is no version {version} of a recipe {name}.")


def latest(name: str) -> Recipe:
    """The newest version of the recipe `name`. Raises UnknownRecipe, with the nearest name that there is."""
    known = versions(name)
    if not known:
        raise UnknownRecipe(f"There is no recipe {name[:64]!r}{nearest(name, _names())}")
    return find(name, known[-1])


def asked_for(text: str) -> Recipe:
    """`name`, or `name@version`. Raises UnknownRecipe."""
    name, at, version = text.partition("@")
    if not at:
        return latest(name)
    if not (version.isdecimal() and version.isascii() and len(version) <= 7):
        raise UnknownRecipe(f"The version of a recipe is a number, as in {DEFAULT}@1; {version[:20]!r} is none.")
    return find(name, int(version))


def versions(name: str) -> list[int]:
    """The versions of a recipe, the newest last; none where there is no such recipe."""
    built_in = [version for known, version in _built_in() if known == name]
    with reading() as session:
        saved = session.scalars(select(SavedRecipe.version).where(SavedRecipe.name == name[:64])).all()
    return sorted([*built_in, *saved])


def built_in() -> list[Recipe]:
    """The newest version of each recipe that comes with Darkroom, by name."""
    return list({name: recipe for (name, _), recipe in sorted(_built_in().items())}.values())


def all_latest() -> list[Recipe]:
    """The newest version of every recipe, by name; the default one first."""
    return sorted((latest(name) for name in _names()), key=lambda recipe: (recipe.name != DEFAULT, recipe.name))


def save(recipe: Recipe) -> Recipe:
    """Save a recipe as the next version of its name; one that says what the newest version says is that version.

    Raises InvalidRecipe where the name is a built-in one's, or the document names a version that is not the next one.
    """
    if recipe.is_built_in or recipe.name in {name for name, _ in _built_in()}:
        raise InvalidRecipe(f"name: {recipe.name} is a built-in recipe; call yours something else.")
    with transaction() as session:
        newest = select(func.max(SavedRecipe.version)).where(SavedRecipe.name == recipe.name)
        last = session.scalar(newest) or 0
        if last and recipe.says_the_same(find(recipe.name, last)):
            return find(recipe.name, last)
        if recipe.version not in (0, last + 1):
            raise InvalidRecipe(
                f"version: is {recipe.version}; the next one of {recipe.name} is {last + 1}. A version is never"
                " changed; leave it out, and a change makes the next one."
            )
        saved = recipe.numbered(last + 1)
        session.add(SavedRecipe(name=saved.name, version=saved.version, document=json.dumps(saved.written)))
    return saved


@cache
def _built_in() -> dict[tuple[str, int], Recipe]:
    recipes = [load(file.read_text("utf-8")) for file in sorted(_FOLDER.glob("*.yaml"))]
    return {(recipe.name, recipe.version): recipe.as_built_in() for recipe in recipes}


def _names() -> set[str]:
    with reading() as session:
        saved = session.scalars(select(SavedRecipe.name).distinct()).all()
    return {name for name, _ in _built_in()} | set(saved)


def _saved(name: str, version: int) -> Recipe | None:
    with reading() as session:
        row = session.get(SavedRecipe, (name, version))
    return None if row is None else parse(json.loads(row.document))
