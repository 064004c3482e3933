"""Recipes: named, versioned, immutable descriptions of what to make of a file.

The built-in ones are the files in `built_in/`, one version each; a version is never changed once it was released.
Others are saved in the database; a version is never changed once it was saved.
"""

import json
import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.database import reading, transaction
from app.errors import InvalidRecipe, UnknownRecipe
from app.models import SavedRecipe
from app.recipes.faults import Fault, fields, nearest, told
from app.recipes.notation import MAX_BYTES
from app.recipes.recipe import Recipe, load, parse
from app.webhooks import endpoints

__all__ = [
    "DEFAULT", "MAX_BYTES", "Recipe", "all_latest", "asked_for", "built_in", "find", "latest", "load", "parse", "save",
    "versions",
]  # fmt: skip

DEFAULT = "web-images"
MAX_SAVED = 1000
"""Names, each with any number of versions."""

log = logging.getLogger(__name__)

_TRIES = 5
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_FOLDER = Path(__file__).parent / "built_in"


def find(name: str, version: int) -> Recipe:
    """One version of a recipe. Raises UnknownRecipe."""
    built_in = _built_in().get((name, version))
    if built_in:
        return built_in
    if _NAME.fullmatch(name):
        with reading() as session:
            row = session.get(SavedRecipe, (name, version))
        if row is not None:
            return _parsed(row.document)
    raise UnknownRecipe(f"There is no version {version} of a recipe {name[:64]}.")


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
    saved: Sequence[int] = []
    if _NAME.fullmatch(name):
        with reading() as session:
            saved = session.scalars(select(SavedRecipe.version).where(SavedRecipe.name == name)).all()
    return sorted([*(version for known, version in _built_in() if known == name), *saved])


def built_in() -> list[Recipe]:
    """The newest version of each recipe that comes with Darkroom, by name."""
    return list({name: recipe for (name, _), recipe in sorted(_built_in().items())}.values())


def all_latest() -> list[Recipe]:
    """The newest version of every recipe, by name; the default one first.

    One that was saved by another release and is not understood by this one is left out.
    """
    newest = select(SavedRecipe.name, func.max(SavedRecipe.version).label("version")).group_by(SavedRecipe.name)
    rows = newest.subquery()
    both = (rows.c.name == SavedRecipe.name) & (rows.c.version == SavedRecipe.version)
    with reading() as session:
        documents = session.execute(select(SavedRecipe.name, SavedRecipe.document).join(rows, both)).all()
    found = built_in()
    for name, document in documents:
        try:
            found.append(_parsed(document))
        except InvalidRecipe as error:
            log.warning("the saved recipe %s is not valid any more: %s", name, error)
    return sorted(found, key=lambda recipe: (recipe.name != DEFAULT, recipe.name))


def save(recipe: Recipe) -> Recipe:
    """Save a recipe as the next version of its name; one that says what the newest version says is that version.

    Raises InvalidRecipe where the name is a built-in one's, where the document names a version that is not the next
    one or a webhook endpoint that is not there, or where there are too many recipes.
    """
    if recipe.is_built_in or recipe.name in {name for name, _ in _built_in()}:
        fault = Fault("name", f"{recipe.name} is a built-in recipe; call yours something else.")
        raise InvalidRecipe(str(fault), [fault.field])
    if faults := recipe.endpoint_faults(endpoints.names()) if recipe.notify else []:
        raise InvalidRecipe(told(faults), fields(faults))
    for _ in range(_TRIES - 1):
        with suppress(IntegrityError):  # somebody else saved the same version first
            return _save(recipe)
    return _save(recipe)


def _save(recipe: Recipe) -> Recipe:
    with transaction() as session:
        of_name = select(SavedRecipe).where(SavedRecipe.name == recipe.name)
        last = session.scalar(of_name.order_by(SavedRecipe.version.desc()).limit(1))
        version = last.version if last else 0
        if last and json.loads(last.document) == recipe.numbered(version).written:
            return recipe.numbered(version)
        if recipe.version not in (0, version + 1):
            told = (
                f"is {recipe.version}; the next one of {recipe.name} is {version + 1}. A version is never changed;"
                " leave it out, and a change makes the next one."
            )
            fault = Fault("version", told)
            raise InvalidRecipe(str(fault), [fault.field])
        if not last and (session.scalar(select(func.count(SavedRecipe.name.distinct()))) or 0) >= MAX_SAVED:
            raise InvalidRecipe(f"There are {MAX_SAVED:,} recipes already; save a new version of one of them.")
        saved = recipe.numbered(version + 1)
        session.add(SavedRecipe(name=saved.name, version=saved.version, document=json.dumps(saved.written)))
    return saved


@lru_cache(maxsize=500)
def _parsed(document: str) -> Recipe:
    """A version that was saved is never changed, and workers ask for the same ones again and again."""
    return parse(json.loads(document))


@cache
def _built_in() -> dict[tuple[str, int], Recipe]:
    recipes = [load(file.read_text("utf-8")) for file in sorted(_FOLDER.glob("*.yaml"))]
    return {(recipe.name, recipe.version): recipe.as_built_in() for recipe in recipes}


def _names() -> set[str]:
    with reading() as session:
        saved = session.scalars(select(SavedRecipe.name).distinct()).all()
    return {name for name, _ in _built_in()} | set(saved)
