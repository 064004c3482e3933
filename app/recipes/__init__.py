"""Recipes: named, versioned, immutable descriptions of what to make of a file.

The built-in ones are the files beside this one, one version each; a version is never changed once it was released.
"""

from functools import cache
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.errors import UnknownRecipe
from app.imaging.outputs import OutputSpec

DEFAULT = "web-images"
_FOLDER = Path(__file__).parent


class Recipe(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    version: int = Field(ge=1)
    description: str
    outputs: tuple[OutputSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [output.name for output in self.outputs]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"outputs: {', '.join(sorted(twice))} named twice")
        return self


@cache
def _built_in() -> dict[tuple[str, int], Recipe]:
    recipes = [Recipe.model_validate(yaml.safe_load(file.read_text("utf-8"))) for file in _FOLDER.glob("*.yaml")]
    return {(recipe.name, recipe.version): recipe for recipe in recipes}


def find(name: str, version: int) -> Recipe:
    """The recipe of a job. Raises UnknownRecipe where no such version was ever released."""
    try:
        return _built_in()[name, version]
    except KeyError:
        raise UnknownRecipe(f"There is no version {version} of a recipe {name}.") from None


def latest(name: str) -> Recipe:
    """The newest version of the recipe `name`. Raises KeyError where there is none."""
    return find(name, max(version for known, version in _built_in() if known == name))
