"""docs/recipe.schema.json: editors complete and check recipes with it. It takes what is right and refuses most else."""

import re
from typing import Any

import pytest

from app import recipes
from app.imaging import encoders, operations
from app.recipes.json_schema import json_schema

SCHEMA = json_schema()
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def valid(value: Any, schema: dict[str, Any]) -> bool:
    """As much of https://json-schema.org/draft/2020-12 as the schema uses; a keyword that is not known is an error."""
    known = {"$schema", "$defs", "title", "description", "default", "unit", "format", *KEYWORDS}
    assert set(schema) <= known, set(schema) - known
    return all(check(value, schema[keyword], schema) for keyword, check in KEYWORDS.items() if keyword in schema)


def of_type(value: Any, name: str, _: Any) -> bool:
    return isinstance(value, TYPES[name]) and (not isinstance(value, bool) or name == "boolean")


def a_number(check: Any) -> Any:
    return lambda value, limit, _: not of_type(value, "number", None) or check(value, limit)


def sized(kind: type, check: Any) -> Any:
    return lambda value, limit, _: not isinstance(value, kind) or check(len(value), limit)


def properties(value: Any, _: Any, schema: dict[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, inner in value.items():
        schemas = [named[key]] if key in named else []
        schemas += [of for pattern, of in patterns.items() if re.search(pattern, key)]
        more = schema.get("additionalProperties", True)
        if not schemas and (more is False or (isinstance(more, dict) and not valid(inner, more))):
            return False
        if not all(valid(inner, of) for of in schemas):
            return False
    return True


def conditional(value: Any, condition: Any, schema: dict[str, Any]) -> bool:
    return not valid(value, condition) or valid(value, schema["then"])


KEYWORDS: dict[str, Any] = {
    "$ref": lambda value, path, _: valid(value, SCHEMA["$defs"][path.removeprefix("#/$defs/")]),
    "type": of_type,
    "const": lambda value, const, _: value == const,
    "enum": lambda value, choices, _: value in choices,
    "anyOf": lambda value, options, _: any(valid(value, option) for option in options),
    "allOf": lambda value, options, _: all(valid(value, option) for option in options),
    "if": conditional,
    "then": lambda *_: True,
    "properties": properties,
    "patternProperties": properties,
    "additionalProperties": properties,
    "required": lambda value, keys, _: not isinstance(value, dict) or set(keys) <= set(value),
    "items": lambda value, of, _: not isinstance(value, list) or all(valid(inner, of) for inner in value),
    "pattern": lambda value, pattern, _: not isinstance(value, str) or bool(re.search(pattern, value)),
    "minimum": a_number(lambda value, limit: value >= limit),
    "maximum": a_number(lambda value, limit: value <= limit),
    "exclusiveMinimum": a_number(lambda value, limit: value > limit),
    "exclusiveMaximum": a_number(lambda value, limit: value < limit),
    "multipleOf": a_number(lambda value, limit: value % limit == 0),
    "minLength": sized(str, lambda size, limit: size >= limit),
    "maxLength": sized(str, lambda size, limit: size <= limit),
    "minItems": sized(list, lambda size, limit: size >= limit),
    "maxItems": sized(list, lambda size, limit: size <= limit),
    "minProperties": sized(dict, lambda size, limit: size >= limit),
    "maxProperties": sized(dict, lambda size, limit: size <= limit),
}


def written(op: str = "flip", parameters: Any = None, formats: Any = None, **parts: Any) -> dict[str, Any]:
    step = {"op": op} | ({} if parameters is None else {"with": parameters})
    outputs = {"out": {"from": "hero", "formats": ["jpeg"] if formats is None else formats}}
    return {"schema": 1, "name": "test", "version": 1, "steps": {"hero": step}, "outputs": outputs} | parts


@pytest.mark.parametrize("recipe", recipes.built_in(), ids=lambda recipe: recipe.name)
def test_the_built_in_recipes_are_valid(recipe: recipes.Recipe):
    assert valid(recipe.written, SCHEMA)


@pytest.mark.parametrize("name", operations.found())
def test_the_example_of_every_operation_is_valid(name: str):
    assert valid(written(name, operations.found()[name].example), SCHEMA)
    assert not valid(written(name, operations.found()[name].example | {"no_such_parameter": 1}), SCHEMA)


@pytest.mark.parametrize("name", encoders.found())
def test_every_format_is_valid_with_and_without_settings(name: str):
    assert valid(written(formats=[name, {name: {}}]), SCHEMA)
    assert not valid(written(formats=[{name: {"no_such_setting": 1}}]), SCHEMA)


@pytest.mark.parametrize(
    "data",
    [
        written("resize", {"width": "${side}", "fit": "${fit}", "without_enlargement": "${small}"}),
        written("flatten", {"background": "#${red}0000"}),
        written("crop", {"aspect_ratio": "${width_of_it}:${height_of_it}", "focal_point": ["${x}", 0.5]}),
        written("strip", {"keep": ["${kept}", "icc"]}),
        written(formats=[{"webp": {"quality": "${quality}"}}]),
        written(vars={"v": {"type": "number", "default": 1, "choices": [1, 2.5]}}),
        written(input={"accept": ["image/png"], "max_megapixels": 0.5}, run={"lane": "bulk"}),
    ],
)
def test_variables_may_stand_where_a_value_may(data: dict[str, Any]):
    assert valid(data, SCHEMA)


@pytest.mark.parametrize(
    "data",
    [
        written("resise"),
        written("resize", {"width": 0}),
        written("resize", {"width": "800"}),
        written("resize", {"width": 8, "fit": "covr"}),
        written("resize", {"widht": 8}),
        written("colorspace"),
        written("colorspace", {}),
        written(formats=["jpg"]),
        written(formats=[]),
        written(formats=[{"jpeg": {}, "webp": {}}]),
        written(formats=[{}]),
        written(formats=[{"webp": {"quality": 101}}]),
        written(step={}),
        written(schema=2),
        written(version=0),
        written(steps={"Hero": {"op": "flip"}}),
        written(steps={"hero": {"op": "flip", "when": {"width": {"more": 3}}}}),
        written(outputs={}),
        written(vars={"v": {"type": "int", "default": 1}}),
        {"schema": 1, "name": "test", "version": 1},
    ],
)
def test_what_is_wrong_in_one_place_is_refused(data: dict[str, Any]):
    assert not valid(data, SCHEMA)
