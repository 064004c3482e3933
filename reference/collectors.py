"""docs/collectors.md: what can be made of the results of a whole job, each with its parameters and an example."""

import json
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from app import recipes
from app.imaging import collectors
from app.imaging.collector import Collected, Collector, Piece
from app.imaging.parameters import documentation, parameters
from reference.notation import yaml
from reference.rendering import rendered
from reference.samples import photograph
from reference.shrinking import shrunk
from reference.tables import parameter_table, table

_SIDES = ("northwest", "north", "northeast", "west", "center", "east")
_SIDE = 480

HEAD = """# Collectors

<!-- Printed by `make docs` from app/imaging/collectors/; do not edit. -->

Each is the `op` of something that a [recipe](recipes.md) collects: files that are made of the results of a whole job,
once all of its files have ended. `from` names the outputs, each with its format; `with` has the collector's parameters.

The examples collect six cuttings of the sample photograph, which are 240 pixels wide.
"""


def page() -> str:
    return "\n".join([HEAD, *(part for name in collectors.found() for part in _section(name))])


def pictures() -> Iterator[tuple[str, bytes]]:
    """What the page shows: paths below docs/, and the files. What is no picture has none."""
    for name in collectors.found():
        for _, picture in _example(name):
            if picture:
                yield f"collectors/{name}.webp", picture
                break


def _section(name: str) -> Iterator[str]:
    kind = collectors.found()[name]
    own, example = parameters(kind), _example(name)
    yield f"## {name}\n\n{documentation(kind)}\n"
    yield f"{parameter_table(own)}\n" if own else "It has no parameters.\n"
    yield f"```yaml\n{_text(name, kind)}```\n"
    yield table(["file", "media type", "size"], [_row(name, file) for file, _ in example]) + "\n"
    if any(picture for _, picture in example):
        yield f"![{name}, of six cuttings of the sample photograph](collectors/{name}.webp)\n"


def _text(name: str, kind: type[Collector]) -> str:
    collect: dict[str, Any] = {"op": name, "from": ["small-webp"]} | ({"with": kind.example} if kind.example else {})
    return yaml({"collect": {name.replace("_", "-"): collect}})


def _row(name: str, file: Collected) -> list[str]:
    size = f"{file.width} × {file.height}" if file.width else ""
    return [f"`{file.name}.{file.extension}`", f"`{file.media_type}`", size]


@cache
def _example(name: str) -> tuple[tuple[Collected, bytes | None], ...]:
    """What comes out with the documented parameters; a picture of what is one, made smaller."""
    collector = collectors.found()[name].model_validate_json(json.dumps(collectors.found()[name].example))
    with rendered(photograph(), recipes.load(_cuttings())) as rendering, tempfile.TemporaryDirectory() as folder:
        pieces = [
            Piece(file.path, file.media_type, file.width, file.height, f"{file.name.removesuffix('-webp')}.jpg")
            for file in rendering.files
        ]
        collected = collector.collect(pieces, Path(folder))
        return tuple(
            (file, shrunk(file.path.read_bytes(), _SIDE) if file.media_type.startswith("image/") else None)
            for file in collected
        )


def _cuttings() -> str:
    steps: dict[str, Any] = {}
    for side in _SIDES:
        steps[f"cut-{side}"] = {"op": "crop", "with": {"width": 480, "height": 360, "gravity": side}}
        steps[side] = {"op": "resize", "from": f"cut-{side}", "with": {"width": 240}}
    outputs = {side: {"from": side, "formats": ["webp"]} for side in _SIDES}
    return yaml({"schema": 1, "name": "cuttings", "version": 1, "steps": steps, "outputs": outputs})
