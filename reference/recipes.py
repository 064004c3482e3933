"""docs/recipes.md: the tables within its prose, the built-in recipes with a picture of what each makes, the schema."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont
from pydantic import BaseModel

from app import recipes
from app.imaging.condition import Condition, Range
from app.imaging.parameters import parameters
from app.recipes import Recipe
from app.recipes.json_schema import json_schema
from app.recipes.schema import CollectModel, Document, Input, Notify, OutputModel, Results, Run, StepModel, Variable
from reference.places import DOCS
from reference.rendering import rendered
from reference.samples import Sample, document, logo, photograph
from reference.tables import filled, parameter_table, table

_TABLES: dict[str, type[BaseModel]] = {
    "recipe": Document, "input": Input, "variable": Variable, "step": StepModel, "condition": Condition,
    "bounds": Range, "output": OutputModel, "collect": CollectModel, "run": Run,
    "results": Results, "notify": Notify,
}  # fmt: skip
_CELL, _CAPTION, _GAP, _ACROSS = (240, 180), 24, 12, 4


@dataclass(frozen=True, slots=True)
class Made:
    """One output of a recipe, in all of its formats; `picture` is the first of them, decoded."""

    name: str
    files: tuple[str, ...]
    formats: tuple[str, ...]
    picture: Image.Image


def page() -> str:
    text = (DOCS / "recipes.md").read_text(encoding="utf-8")
    sections = {name: parameter_table(parameters(model), "key", deep=False) for name, model in _TABLES.items()}
    return filled(text, sections | {"built in": "\n\n".join(part for one in recipes.built_in() for part in _told(one))})


def schema() -> str:
    """The file docs/recipe.schema.json."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def pictures() -> Iterator[tuple[str, bytes]]:
    """What the page shows: paths below docs/, and the files."""
    for recipe in recipes.built_in():
        buffer = io.BytesIO()
        _strip(made(recipe)).save(buffer, "WEBP", quality=80, method=6)
        yield f"recipes/{recipe.name}.webp", buffer.getvalue()


def sample_for(recipe: Recipe) -> Sample:
    """The first sample that the recipe takes."""
    accepted = recipe.document.input.accept
    return next(
        sample for sample in (photograph(), logo(), document()) if accepted is None or sample.media_type in accepted
    )


@cache
def made(recipe: Recipe) -> tuple[Made, ...]:
    """What the recipe makes of its sample, in its order."""
    outputs: dict[str, list[tuple[str, str, Image.Image]]] = {}
    sample = sample_for(recipe)
    with rendered(sample, recipe) as rendering:
        for file in rendering.files:
            with Image.open(file.path) as image:
                picture = image.convert("RGBA")
            facts = {"stem": "photo", "format": file.format, "width": file.width, "height": file.height}
            facts |= {} if file.page is None else {"page": file.page}
            written = f"{recipe.result_name(file.name, facts)}.{file.extension}"
            outputs.setdefault(file.name.rpartition("-")[0], []).append((written, file.format, picture))
    return tuple(
        Made(key, tuple(file for file, _, _ in of), tuple(dict.fromkeys(format for _, format, _ in of)), of[0][2])
        for key, of in outputs.items()
    )


def _told(recipe: Recipe) -> Iterator[str]:
    file = f"{recipe.name}-{recipe.version}.yaml"
    yield f"### {recipe.name}\n\n{recipe.description} ([{file}](../app/recipes/built_in/{file}))"
    yield f"![{recipe.name}: what it makes of the sample {sample_for(recipe).name}](recipes/{recipe.name}.webp)"
    yield table(
        ["output", "size", "formats", f"files, of photo{sample_for(recipe).extension}"],
        [
            [f"`{one.name}`", f"{one.picture.width} × {one.picture.height}", ", ".join(one.formats),
             ", ".join(f"`{file}`" for file in one.files)]
            for one in made(recipe)
        ],
    )  # fmt: skip
    if recipe.document.vars:
        yield table(["variable", "type", "default", "allowed", "meaning"], _variables(recipe))


def _variables(recipe: Recipe) -> Iterator[list[str]]:
    for name, variable in recipe.document.vars.items():
        bounds = (f"≥ {variable.minimum:g}" if variable.minimum is not None else "",
                  f"≤ {variable.maximum:g}" if variable.maximum is not None else "",
                  *(f"`{choice}`" for choice in variable.choices or ()))  # fmt: skip
        allowed = ", ".join(filter(None, bounds))
        yield [f"`{name}`", variable.type, f"`{json.dumps(variable.default)}`", allowed, variable.description]


def _strip(outputs: tuple[Made, ...]) -> Image.Image:
    """The outputs beside each other, each with its name and its size; none is shown larger than it is."""
    across, down = min(len(outputs), _ACROSS), -(-len(outputs) // _ACROSS)
    step = _CELL[0] + _GAP, _CELL[1] + _CAPTION + _GAP
    ground = Image.new("RGB", (across * step[0] + _GAP, down * step[1] + _GAP), "#f4f4f2")
    draw, font = ImageDraw.Draw(ground), ImageFont.load_default(14)
    for at, output in enumerate(outputs):
        left, top = _GAP + at % _ACROSS * step[0], _GAP + at // _ACROSS * step[1]
        small = output.picture.copy()
        small.thumbnail(_CELL, Image.Resampling.LANCZOS)
        ground.paste(small, (left + (_CELL[0] - small.width) // 2, top + _CELL[1] - small.height), small)
        caption = f"{output.name}   {output.picture.width} x {output.picture.height}"  # the font has no ×
        draw.text((left + _CELL[0] / 2, top + _CELL[1] + _CAPTION / 2), caption, "#333333", font, anchor="mm")
    return ground
