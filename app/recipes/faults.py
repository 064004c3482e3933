"""What is wrong with a recipe, in words, each with the path that leads to it."""

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from app.errors import BadField

MAX_DEPTH = 16
_PART = re.compile(r'"(?:[^"\\]|\\.)*"|[^."]+', re.DOTALL)
_MAX_TOLD = 20
_MAX_NAME = 60
_WORDS = {
    "bool_type": "should be true or false",
    "int_type": "should be an integer",
    "float_type": "should be a number",
    "string_type": "should be text",
    "list_type": "should be a list",
    "dict_type": "should be a mapping",
    "model_type": "should be a mapping",
}
NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"
OUTPUT_NAME = r"^[a-z0-9][a-z0-9-]{0,49}$"
VARIABLE_NAME = r"^[a-z][a-z0-9_]{0,63}$"
DURATION = r"^[1-9][0-9]{0,5}[mhd]$"
_PATTERNS = {
    NAME: "is not a name here; names are of small letters, digits and hyphens, at most 64",
    OUTPUT_NAME: "is not a name here; names of outputs are of small letters, digits and hyphens, at most 50",
    VARIABLE_NAME: "is not a name here; names of variables are of small letters, digits and _, at most 64",
    DURATION: "is not a time; write minutes, hours or days, as in 90m, 12h or 30d",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`path` leads to what is wrong, as in `steps.hero.with.width`; a key with a dot in it is quoted as in JSON."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message

    @property
    def field(self) -> BadField:
        parts = (json.loads(part) if part.startswith('"') else part for part in _PART.findall(self.path))
        return BadField(self.message, "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts))


def fields(faults: Iterable[Fault]) -> list[BadField]:
    """As `told`, each with the JSON Pointer that leads to it."""
    return [fault.field for fault in islice(faults, _MAX_TOLD)]


def told(faults: Iterable[Fault]) -> str:
    """One line each; of very many the first ones."""
    lines = [str(fault) for fault in islice(faults, _MAX_TOLD + 1)]
    return "\n".join([*lines[:_MAX_TOLD], "… and more"] if len(lines) > _MAX_TOLD else lines)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint to append: the nearest right name, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name[:_MAX_NAME], names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there is {', '.join(names)}" if names else ""


def text_fault(text: str) -> str | None:
    """What is wrong with a text that databases and file formats are to take, or None."""
    for character in text:
        kind = unicodedata.category(character)
        if kind == "Cs" or (kind == "Cc" and character not in "\t\n\r"):
            return f"has the character U+{ord(character):04X}, which no text may have"
    return None


def strange(value: Any, path: str = "", depth: int = 0) -> Iterator[Fault]:
    """What nothing in a recipe may be, whatever it is for: too deep, not finite, or not text that can be stored."""
    if depth > MAX_DEPTH:
        yield Fault(path, f"is nested too deeply; {MAX_DEPTH} levels are enough for any recipe")
    elif isinstance(value, dict):
        for key, inner in value.items():
            below = joined(path, key)
            if fault := _strange_key(key):
                yield Fault(below, fault)
            yield from strange(inner, below, depth + 1)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from strange(inner, joined(path, at), depth + 1)
    elif fault := _strange_leaf(value):
        yield Fault(path, fault)


def _strange_key(key: Any) -> str | None:
    return text_fault(key) if isinstance(key, str) else "is no text, as every key is"


def _strange_leaf(value: Any) -> str | None:
    if isinstance(value, str):
        return text_fault(value)
    if isinstance(value, float):
        return None if math.isfinite(value) else "is not a finite number"
    if value is None or isinstance(value, int):  # and bool
        return None
    return f"is of the type {type(value).__name__}, which a recipe can not hold"


def faults_of(error: ValidationError, model: type[BaseModel], data: Any = None, path: str = "") -> list[Fault]:
    """What pydantic found in the data, in words, each with its path below `path`.

    With the data, the branches of a union are one fault.
    """
    found: dict[str, list[str]] = {}
    inputs: dict[str, str] = {}
    for fault in error.errors(include_url=False):
        place = _place(fault, data)
        message, shown = _worded(fault, place, model)
        at = joined(path, *place)
        found.setdefault(at, []).append(message)
        inputs[at] = shown
        if len(found) > _MAX_TOLD:
            break
    return [Fault(at, ", or ".join(dict.fromkeys(messages)) + inputs[at]) for at, messages in found.items()]


def _place(fault: Any, data: Any) -> list[Any]:
    """Of the location that pydantic gives, what is in the data: not the names that it has for branches and keys."""
    place, at = [], data
    for part in fault["loc"] if data is not None else ():
        if (isinstance(at, dict) and part in at) or (isinstance(at, list) and isinstance(part, int)):
            at = at[part]
        elif fault["type"] != "missing" or part != fault["loc"][-1]:
            continue
        place.append(part)
    return place if data is not None else list(fault["loc"])


def _worded(fault: Any, place: list[Any], model: type[BaseModel]) -> tuple[str, str]:
    """What is wrong, and what is there instead."""
    kind, shown = fault["type"], json.dumps(fault["input"], default=str, ensure_ascii=False)
    there = f" (it is {shown})" if len(shown) <= _MAX_NAME else ""
    if kind == "extra_forbidden":
        return f"there is no such key{nearest(str(place[-1]), _known_at(model, place[:-1]))}", ""
    if kind == "missing":
        return "is missing", ""
    if kind == "value_error":
        return str(fault["msg"]).removeprefix("Value error, "), ""
    if kind == "string_pattern_mismatch" and fault["ctx"]["pattern"] in _PATTERNS:
        return _PATTERNS[fault["ctx"]["pattern"]], ""
    if kind in _WORDS:
        return _WORDS[kind], there
    return re.sub(r"^\w+ should", "should", str(fault["msg"])).replace(" after validation", ""), there


def joined(path: str, *parts: Any) -> str:
    """A path; a part that is longer than any right one is cut, and one that is no word is in quotes."""
    return ".".join([*filter(None, [path]), *(_written(str(part)[:_MAX_NAME]) for part in parts)])


def _written(part: str) -> str:
    return part if _PART.fullmatch(part) and not part.startswith('"') else json.dumps(part, ensure_ascii=False)


def _known_at(model: type[BaseModel], place: Iterable[Any]) -> list[str]:
    """The keys that there are at a place of a model's JSON Schema."""
    schema = _schema(model)
    at = _resolved(schema, schema)
    for part in place:
        patterns = list(at.get("patternProperties", {}).values())
        below = (
            at.get("properties", {}).get(part) or (patterns or [at.get("additionalProperties") or at.get("items")])[0]
        )
        if not isinstance(below, dict):
            return []
        at = _resolved(below, schema)
    return list(at.get("properties", {}))


@lru_cache(maxsize=64)
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _resolved(at: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for option in at.get("anyOf", []):
        if option.get("type") not in ("null", "string"):
            at = option
            break
    reference = at.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else at
