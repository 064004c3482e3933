"""The parameters of an operation, a format or any other model, as forms, API descriptions and the docs need them.

All of it comes from the model's own JSON Schema: nothing is declared twice.
"""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

Kind = Literal[
    "integer", "number", "boolean", "choice", "colour", "text", "list", "object", "mapping", "any"
]  # fmt: skip
_KINDS: dict[str, Kind] = {
    "integer": "integer", "number": "number", "boolean": "boolean", "string": "text", "array": "list",
}  # fmt: skip
_WORDS: dict[Kind, str] = {"boolean": "true or false", "object": "mapping", "any": "value"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: enough for a form field, a line of a table or an entry of an API description."""

    name: str
    kind: Kind
    description: str = ""
    required: bool = False
    default: Any = None
    """What holds where it is not given; None where nothing does."""
    minimum: float | None = None
    maximum: float | None = None
    above: bool = False
    """Whether the minimum itself is not allowed."""
    below: bool = False
    """Whether the maximum itself is not allowed."""
    step: int | None = None
    """What a number is a multiple of; None: anything."""
    unit: str = ""
    choices: tuple[Any, ...] = ()
    """All values of a `choice`; of another kind, the words that can stand instead of a value."""
    max_length: int | None = None
    pattern: str | None = None
    """Of a text: a regular expression for all of it."""
    min_items: int | None = None
    max_items: int | None = None
    item: "Parameter | None" = None
    """What each item of a `list` or value of a `mapping` is."""
    fields: tuple["Parameter", ...] = ()
    """Of an `object`."""

    @property
    def type(self) -> str:
        """In plain words."""
        if self.kind in ("list", "mapping") and self.item is not None:
            inner = "text" if self.item.kind == "text" else f"{self.item.type}s"
            return f"list of {inner}" if self.kind == "list" else f"{inner} by name"
        words = _WORDS.get(self.kind, self.kind)
        return f"{words} or word" if self.choices and self.kind != "choice" else words

    @property
    def bounds(self) -> str:
        """What is allowed, in plain words with choices in backquotes; empty where the type says all."""
        words = [self._range(), *(f"`{choice}`" for choice in self.choices)]
        if self.max_length is not None:
            words.append(f"at most {self.max_length:,} characters")
        if self.kind in ("list", "mapping"):
            words += [self._count(), self._of_each()]
        return ", ".join(filter(None, words))

    def _range(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        low, high = (None if bound is None else f"{bound:,}" for bound in (self.minimum, self.maximum))
        if low is not None and high is not None and not (self.above or self.below):
            return f"{low}–{high}{unit}"
        least = None if low is None else f"{'>' if self.above else '≥'} {low}{unit}"
        most = None if high is None else f"{'<' if self.below else '≤'} {high}{unit}"
        return " and ".join(filter(None, (least, most))) or self.unit

    def _count(self) -> str:
        low, high = self.min_items or 0, self.max_items
        if high is None:
            return f"at least {low} of them" if low else ""
        return f"{high} of them" if low == high else f"{low}–{high} of them" if low else f"at most {high} of them"

    def _of_each(self) -> str:
        if self.item is None or not self.item.bounds:
            return ""
        return self.item.bounds if self.item.choices else f"each {self.item.bounds}"


def json_schema(model: type[BaseModel]) -> dict[str, Any]:
    """pydantic's, without titles, references and nulls: a parameter that is not wanted is left out."""
    schema = model.model_json_schema(by_alias=True)
    cleaned: dict[str, Any] = _cleaned(schema, schema.get("$defs", {}))
    return cleaned


def parameters(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """The parameters of a model, in the order in which it declares them."""
    return _fields(json_schema(model))


def documentation(model: type[BaseModel]) -> str:
    """What the model's docstring says, its paragraphs with an empty line between."""
    return inspect.cleandoc(model.__doc__ or "")


def flat(fields: tuple[Parameter, ...]) -> Iterator[Parameter]:
    """These parameters and all that are within them."""
    for parameter in fields:
        yield parameter
        yield from flat(parameter.fields)
        if parameter.item is not None:
            yield from flat((parameter.item,))


def _cleaned(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    clean = {key: value for key, value in schema.items() if key not in ("title", "$defs")}
    if reference := clean.pop("$ref", None):
        return _cleaned({**definitions[reference.rpartition("/")[2]], **clean}, definitions)
    options = [option for option in clean.get("anyOf", []) if option.get("type") != "null"]
    if len(options) == 1:
        del clean["anyOf"]
        return _cleaned({**options[0], **clean}, definitions)
    if options:
        clean["anyOf"] = [_cleaned(option, definitions) for option in options]
    if clean.get("default", ...) is None:
        del clean["default"]
    elif isinstance(clean.get("default"), dict):
        clean["default"] = {key: value for key, value in clean["default"].items() if value is not None}
    for key in ("properties", "patternProperties"):
        if key in clean:
            clean[key] = {name: _cleaned(inner, definitions) for name, inner in clean[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(clean.get(key), dict):
            clean[key] = _cleaned(clean[key], definitions)
    return clean


def _fields(schema: Mapping[str, Any]) -> tuple[Parameter, ...]:
    required = schema.get("required", ())
    return tuple(_parameter(name, of, name in required) for name, of in schema.get("properties", {}).items())


def _parameter(name: str, schema: Mapping[str, Any], required: bool = False) -> Parameter:
    options = schema.get("anyOf", [schema])
    words = [choice for option in options for choice in _choices(option)]
    others = [option for option in options if not _choices(option)]
    kinds = {_kind(option) for option in others}
    kind: Kind = "choice" if not others else kinds.pop() if len(kinds) == 1 else "any"
    of = {**others[0], **schema} if len(others) == 1 else schema
    return Parameter(
        name,
        kind,
        description=of.get("description", ""),
        required=required,
        default=of.get("default"),
        minimum=of.get("minimum", of.get("exclusiveMinimum")),
        maximum=of.get("maximum", of.get("exclusiveMaximum")),
        above="exclusiveMinimum" in of,
        below="exclusiveMaximum" in of,
        step=of.get("multipleOf", 1 if kind == "integer" else None),
        unit=of.get("unit", ""),
        choices=tuple(words),
        max_length=of.get("maxLength") if kind == "text" else None,
        pattern=of.get("pattern"),
        min_items=of.get("minItems", of.get("minProperties")),
        max_items=of.get("maxItems", of.get("maxProperties")),
        item=_item(kind, of),
        fields=_fields(of) if kind == "object" else (),
    )


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _kind(schema: Mapping[str, Any]) -> Kind:
    if schema.get("type") == "object":
        return "object" if "properties" in schema else "mapping"
    if schema.get("format") == "color":
        return "colour"
    return _KINDS.get(schema.get("type", ""), "any")


def _item(kind: Kind, schema: Mapping[str, Any]) -> Parameter | None:
    if kind == "list":
        return _parameter("", schema.get("items", {}))
    if kind != "mapping":
        return None
    values = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
    return _parameter("", values[0]) if isinstance(values[0], dict) else None
