"""docs/operations.md: every operation, with its parameters and an example that is rendered as it stands there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from app import recipes
from app.imaging import operations
from app.imaging.condition import Traits
from app.imaging.operation import Operation
from app.imaging.parameters import documentation, parameters
from app.recipes import Recipe
from reference.notation import yaml
from reference.rendering import first_file
from reference.samples import CREDIT, Sample, logo, photograph
from reference.tables import parameter_table

_SIDE = 320
_FORMATS = [{"webp": {"quality": 75}}]
_FITTING = {"width": _SIDE, "height": _SIDE, "fit": "inside", "without_enlargement": True}

HEAD = f"""# Operations

<!-- Printed by `make docs` from app/imaging/operations/; do not edit. -->

Each is the `op` of a step of a [recipe](recipes.md), with its parameters in `with`. A parameter that an operation does
not have is refused, by name. Colours are written as in CSS: `#rrggbb`, `#rrggbbaa`, a name, or `transparent`; they are
sRGB. Sizes and places are those of the picture as it is displayed, upright.

The examples are whole recipes, and the pictures are what comes out: an operation that keeps the size works on the
sample at {_SIDE} pixels, for others the result is made smaller where it is larger than that.

<img src="sample.jpg" width="320" alt="The sample photograph"> <img src="logo.png" width="320" alt="The sample logo">

{CREDIT}
"""


@dataclass(frozen=True, slots=True)
class Example:
    """`text` is the recipe as the page shows it."""

    name: str
    text: str
    sample: Sample
    changes: bool
    """Whether the result looks different from the sample."""

    @property
    def recipe(self) -> Recipe:
        return recipes.load(self.text)

    @property
    def size(self) -> tuple[int, int]:
        """Of the picture, as the graph of its steps foretells it."""
        making, sample = self.recipe.making(), self.sample
        traits = Traits(sample.size, sample.media_type, frames=1, alpha=sample is logo())
        return making.graph.sizes(traits)[making.outputs[0].source]


@cache
def examples() -> tuple[Example, ...]:
    """One of each operation."""
    return tuple(_example(name, kind) for name, kind in operations.found().items())


def page() -> str:
    return "\n".join([HEAD, *(part for example in examples() for part in _section(example))])


def pictures() -> Iterator[tuple[str, bytes]]:
    """What the page shows: paths below docs/, and the files."""
    yield logo().file, logo().data
    for example in examples():
        yield f"operations/{example.name}.webp", first_file(example.sample, example.recipe)


def _section(example: Example) -> Iterator[str]:
    kind = operations.found()[example.name]
    own, name = parameters(kind), example.name
    yield f"## {name}\n\n{documentation(kind)}\n"
    yield f"{parameter_table(own)}\n" if own else "It has no parameters.\n"
    yield f"```yaml\n{example.text}```\n"
    yield f"![{name}, on the sample {example.sample.name}](operations/{name}.webp)\n"
    if not example.changes:
        yield "The sample looks as before.\n"


def _example(name: str, kind: type[Operation]) -> Example:
    """Of the photograph, or of the logo where the operation would leave the photograph as it is."""
    for sample in (photograph(), logo()):
        text = _recipe(name, kind, sample)
        if first_file(sample, recipes.load(text)) != first_file(sample, recipes.load(_unchanged())):
            return Example(name, text, sample, changes=True)
    return Example(name, _recipe(name, kind, photograph()), photograph(), changes=False)


def _recipe(name: str, kind: type[Operation], sample: Sample) -> str:
    operation = kind.model_validate_json(json.dumps(kind.example))
    size = operation.sized(sample.size)
    step = {"op": name} | ({"with": kind.example} if kind.example else {})
    steps: dict[str, Any] = {"example": step}
    if size == sample.size and max(size) > _SIDE:
        steps = {"small": {"op": "resize", "with": {"width": _SIDE}}, "example": {"op": name, "from": "small", **step}}
    elif max(size) > _SIDE:
        steps["small"] = {"op": "resize", "from": "example", "with": _FITTING}
    outputs = {"picture": {"from": list(steps)[-1], "formats": _FORMATS}}
    return yaml({**_head(name), "steps": steps, "outputs": outputs})


def _unchanged() -> str:
    return yaml({**_head("unchanged"), "steps": {"small": {"op": "resize", "with": {"width": _SIDE}}},
                  "outputs": {"picture": {"from": "small", "formats": _FORMATS}}})  # fmt: skip


def _head(name: str) -> dict[str, Any]:
    return {"schema": 1, "name": name.replace("_", "-"), "version": 1}
