"""The JSON Schema of a whole recipe, with every operation and format, for editors that complete and check.

It allows all that is right, and refuses most of what is wrong: what several values together must not be is checked
when a recipe is loaded, with a sentence.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from app.imaging import collectors, encoders, operations, parameters
from app.recipes.schema import Document

_REFERENCE = {"type": "string", "pattern": r"\$\{[^${}]*\}", "description": "A variable, or text with variables."}


def json_schema() -> dict[str, Any]:
    """Draft 2020-12."""
    schema = parameters.json_schema(Document)
    named = {key: _named(schema["properties"][key]) for key in ("vars", "steps", "outputs", "collect")}
    for key, kind, found in (("steps", "op", operations.found()), ("collect", "collector", collectors.found())):
        named[key]["properties"]["op"]["enum"] = list(found)
        named[key] |= {"allOf": [_parameters_of(kind, name, model) for name, model in found.items()]} if found else {}
    named["outputs"]["properties"]["formats"]["items"] = {
        "anyOf": [{"enum": list(encoders.found())}, {"$ref": "#/$defs/reference"}, _with_settings()]
    }  # fmt: skip
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Darkroom recipe"}
    return title | schema | {"$defs": {"reference": _REFERENCE} | _definitions()}


def _named(schema: dict[str, Any]) -> dict[str, Any]:
    """What each of a mapping's values has to be; names that are none are refused."""
    schema["additionalProperties"] = False
    (each,) = schema["patternProperties"].values()
    assert isinstance(each, dict)
    return each


def _definitions() -> dict[str, Any]:
    all_found: dict[str, Mapping[str, type[BaseModel]]] = {
        "op": operations.found(), "format": encoders.found(), "collector": collectors.found(),
    }  # fmt: skip
    return {_key(kind, name): _filled_in(model) for kind, found in all_found.items() for name, model in found.items()}


def _parameters_of(kind: str, name: str, model: type[BaseModel]) -> dict[str, Any]:
    """What `with` has to be where `op` is this one."""
    needed = {"required": ["with"]} if any(field.required for field in parameters.parameters(model)) else {}
    own = {"properties": {"with": {"$ref": f"#/$defs/{_key(kind, name)}"}}}
    return {"if": {"properties": {"op": {"const": name}}, "required": ["op"]}, "then": own | needed}


def _with_settings() -> dict[str, Any]:
    each = {name: {"$ref": f"#/$defs/{_key('format', name)}"} for name in encoders.found()}
    return {
        "type": "object", "properties": each, "additionalProperties": False, "minProperties": 1, "maxProperties": 1,
    }  # fmt: skip


def _key(kind: str, name: str) -> str:
    return f"{kind}-{name}"


def _filled_in(kind: type[BaseModel]) -> dict[str, Any]:
    return _with_variables(parameters.json_schema(kind), top=True)


def _with_variables(schema: dict[str, Any], *, top: bool = False) -> dict[str, Any]:
    """The schema, with a reference to a variable in the place of any single value."""
    inner = dict(schema)
    if "properties" in inner:
        inner["properties"] = {name: _with_variables(of) for name, of in inner["properties"].items()}
    if isinstance(inner.get("items"), dict):
        inner["items"] = _with_variables(inner["items"])
    if top or inner.get("type") in ("array", "object") or _takes_any_text(inner):
        return inner
    told = {key: inner.pop(key) for key in ("description", "default") if key in inner}
    options = inner["anyOf"] if set(inner) == {"anyOf"} else [inner]
    return told | {"anyOf": [*options, {"$ref": "#/$defs/reference"}]}


def _takes_any_text(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "string" and not {"enum", "const", "pattern", "maxLength"} & set(schema)
