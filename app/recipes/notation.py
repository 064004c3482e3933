"""How a recipe is written down: YAML or JSON, and nothing in it that the other one can not say.

Plain values are read as YAML 1.2's core schema has them (https://yaml.org/spec/1.2.2/#103-core-schema): `16:9`, `no`
and `2024-01-01` are text, where YAML 1.1 makes 969, false and a date of them. Keys are always text, as written. There
are no anchors (a few lines could stand for gigabytes), no tags, and no key twice.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Never

import yaml

from app.errors import InvalidRecipe
from app.recipes.faults import MAX_DEPTH

MAX_BYTES = 500_000
_MAX_DIGITS = 40

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)|0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip
# libyaml where the wheel has it; both give the same events.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str) -> Any:
    """The data that the text stands for. Raises InvalidRecipe with the place of what is wrong."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidRecipe("The recipe is not valid Unicode: it holds half of a surrogate pair.") from None
    if size > MAX_BYTES:
        raise InvalidRecipe(f"The recipe has {size:,} bytes; it may have {MAX_BYTES:,}.")
    if text.lstrip().startswith("{"):
        try:
            return _json(text)
        except json.JSONDecodeError:
            pass  # a mapping of YAML, perhaps
    try:
        return _yaml(text)
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it can not be read"
        _refuse(getattr(error, "problem_mark", None), str(problem))


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once, parse_int=_integer, parse_constant=_no_constant)
    except RecursionError:
        raise InvalidRecipe("The recipe is nested too deeply.") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise InvalidRecipe(f"The recipe is no valid JSON: {_double(keys)!r} stands twice in one object.")
    return found


def _double(keys: list[str]) -> str:
    seen = set[str]()
    return next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]


def _no_constant(name: str) -> Never:
    raise InvalidRecipe(f"The recipe is no valid JSON: {name} is not a number that JSON has.")


def _yaml(text: str) -> Any:
    events = yaml.parse(text, Loader=_LOADER)
    next(events)  # the stream starts
    if isinstance(next(events), yaml.StreamEndEvent):
        return None
    data = _node(events, next(events), 0)
    next(events)  # the document ends
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        _refuse(after.start_mark, "a second document begins; a recipe is one")
    return data


def _node(events: Iterator[Any], event: Any, depth: int) -> Any:
    if isinstance(event, yaml.AliasEvent) or event.anchor:
        _refuse(event.start_mark, "anchors and aliases are not taken; write it out")
    if event.tag:
        _refuse(event.start_mark, f"tags, here {event.tag[:40]}, are not taken")
    if depth > MAX_DEPTH:
        _refuse(event.start_mark, f"it is nested too deeply; {MAX_DEPTH} levels are enough for any recipe")
    match event:
        case yaml.ScalarEvent():
            return _scalar(event.value) if event.implicit[0] else event.value
        case yaml.SequenceStartEvent():
            return [_node(events, item, depth + 1) for item in _until(events, yaml.SequenceEndEvent)]
        case _:
            return _mapping(events, depth)


def _mapping(events: Iterator[Any], depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in _until(events, yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            _refuse(key.start_mark, "a key is a plain text here")
        _node(events, key, depth)
        if key.value in found:
            _refuse(key.start_mark, f"{key.value[:60]!r} stands twice")
        found[key.value] = _node(events, next(events), depth + 1)
    return found


def _until(events: Iterator[Any], end: type) -> Iterator[Any]:
    while not isinstance(event := next(events), end):
        yield event


def _scalar(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return _integer(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise InvalidRecipe(f"The recipe holds a number of {len(text)} digits; {_MAX_DIGITS} are enough for any.")
    return int(text, 0)


def _refuse(mark: Any, problem: str) -> Never:
    where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    raise InvalidRecipe(f"The recipe is no valid YAML{where}: {problem}.") from None
