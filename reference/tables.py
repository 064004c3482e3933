"""Tables of parameters, and sections that are printed into pages that people write."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.imaging.parameters import Parameter

_SECTION = re.compile(
    r"(?P<begin><!-- printed by `make docs`: (?P<name>[a-z ]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def parameter_table(parameters: Iterable[Parameter], head: str = "parameter", *, deep: bool = True) -> str:
    """One line for each parameter; if `deep`, those within an object follow it, as `regions.left`."""
    rows = [
        [f"`{name}`", parameter.type, _default(parameter), parameter.bounds, parameter.description]
        for name, parameter in _named(parameters, "", deep)
    ]
    return table([head, "type", "default", "allowed", "meaning"], rows)


def filled(page: str, sections: Mapping[str, str]) -> str:
    """The page with what stands between its marks printed anew. Raises KeyError for a mark that nobody knows."""
    return _SECTION.sub(lambda mark: f"{mark['begin']}\n{sections[mark['name']]}\n\n{mark['end']}", page)


def _named(parameters: Iterable[Parameter], above: str, deep: bool) -> Iterable[tuple[str, Parameter]]:
    for parameter in parameters:
        name = f"{above}{parameter.name}"
        yield name, parameter
        item = parameter.item if parameter.kind == "list" else parameter
        if deep and item is not None:
            yield from _named(item.fields, f"{name}.", deep)


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    return "" if parameter.default in (None, "", [], {}) else f"`{_shown(parameter.default)}`"


def _shown(default: Any) -> str:
    return default if isinstance(default, str) else json.dumps(default)
