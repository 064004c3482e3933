"""The OpenAPI 3.1 document, made of the routes, their `operation`s and the models that these name."""

import inspect
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Literal

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from werkzeug.routing import Rule

import app as darkroom
from app.api.operation import Answer, Operation
from app.api.problem import Problem
from app.errors import (
    CrossSiteRequest,
    DarkroomError,
    DatabaseUnavailable,
    IncompleteUpload,
    InvalidParameter,
    NotFound,
    NotJson,
)

Refs = Mapping[type[BaseModel], str]
"""The names under which models are described."""

_REF = "#/components/schemas/{model}"
_TAGS = {
    "jobs": "Submissions: a recipe, and one item for each file.",
    "items": "One file in one job: the unit of work, of retry and of failure.",
    "assets": "Originals as they were received.",
    "recipes": "What to make of a file: named, versioned, immutable.",
    "operations": "What recipes are made of.",
    "status": "What runs, what waits, and how much room there is.",
}
_PATTERNS = {
    "name": r"^[a-z0-9][a-z0-9-]{0,63}(@[0-9]{1,7})?$",
}
_BY_EVERY = (InvalidParameter,)
_BY_CHANGES = (CrossSiteRequest,)


def document(flask: Flask) -> dict[str, Any]:
    """The description of every route below /api/v1 that declares an operation."""
    found = sorted(_operations(flask), key=lambda each: (each[0].rule, each[1]))
    schemas, refs = _schemas([declared for _, _, _, declared in found])
    paths: dict[str, dict[str, Any]] = {}
    for rule, method, view, declared in found:
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        paths.setdefault(path, {})[method] = _operation(rule, method, view, declared, refs, schemas)
    _link(paths)
    used = {schema for schema in schemas if not schema.endswith("Query")}
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Darkroom",
            "version": darkroom.__version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "A self-hosted media processing queue. Addresses in answers are relative to the host. What"
            " is not known, or out of its bounds, is refused by name; errors are problem documents (RFC 9457).",
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in _TAGS.items()],
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(used)}},
    }


def _link(paths: dict[str, dict[str, Any]]) -> None:
    """Tell of the answers that make something where its id can be used."""
    made = [("post", "/api/v1/jobs", {"job_id": "/id", "item_id": "/items/0/id"})]
    made += [("post", "/api/v1/assets", {"asset_id": "/assets/0/id"})]
    for method, path, ids in made:
        links = {
            operation["operationId"]: {
                "operationId": operation["operationId"],
                "parameters": {name: f"$response.body#{pointer}"},
            }
            for name, pointer in ids.items()
            for to, methods in paths.items()
            for operation in methods.values()
            if f"{{{name}}}" in to
        }
        for status, answer in paths[path][method]["responses"].items():
            if status in ("201", "202"):
                answer["links"] = links


def _operations(flask: Flask) -> Iterator[tuple[Rule, str, Any, Operation]]:
    for rule in flask.url_map.iter_rules():
        view = flask.view_functions[rule.endpoint]
        declared = getattr(view, "operation", None)
        if isinstance(declared, Operation):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method.lower(), view, declared


def _schemas(found: list[Operation]) -> tuple[dict[str, Any], Refs]:
    """All schemas by name, and the name of every model: of what is read in one way, of what is written in the other."""
    bodies = [body for one in found for body in (one.body, *one.content.values()) if isinstance(body, type)]
    inputs: set[type[BaseModel]] = {*bodies, *(one.query for one in found), Problem}
    outputs = {answer.model for one in found for answer in one.answers.values() if answer.model}
    modes: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in _ordered(inputs)),
        *((model, "serialization") for model in _ordered(outputs)),
    ]
    keys, made = models_json_schema(modes, by_alias=True, ref_template=_REF)
    return made["$defs"], {model: keys[model, mode]["$ref"].rpartition("/")[2] for model, mode in modes}


def _ordered(models: set[type[BaseModel]]) -> list[type[BaseModel]]:
    return sorted(models, key=lambda model: model.__name__)


def _operation(
    rule: Rule, method: str, view: Any, declared: Operation, refs: Refs, schemas: dict[str, Any]
) -> dict[str, Any]:
    summary, _, description = inspect.cleandoc(view.__doc__ or "").partition("\n")
    parameters = [*_path(rule), *_query(schemas[refs[declared.query]]), *_headers(declared)]
    told: dict[str, Any] = {
        "operationId": rule.endpoint.removeprefix("api.").replace(".", "_"),
        "tags": [rule.endpoint.split(".")[1]],
        "summary": summary.rstrip("."),
        "description": re.sub(r"(?<!\n)\n(?!\n)", " ", description.strip()),
        "parameters": parameters,
        "responses": _responses(rule, method, declared, refs),
    }
    if body := _body(declared, refs):
        told["requestBody"] = body
    return {key: value for key, value in told.items() if value}


def _path(rule: Rule) -> Iterator[dict[str, Any]]:
    for name, converter in rule._converters.items():  # noqa: SLF001 - werkzeug tells them nowhere else
        kind = type(converter).__name__
        schema: dict[str, Any] = {"type": "string"}
        if kind == "UUIDConverter":
            schema["format"] = "uuid"
        elif kind == "AnyConverter":
            schema["enum"] = sorted(converter.items)  # type: ignore[attr-defined]
        elif name in _PATTERNS:
            schema["pattern"] = _PATTERNS[name]
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, of in schema.get("properties", {}).items():
        described = _without_null(of)
        description = described.pop("description", "")
        yield {"name": name, "in": "query", "required": False, "description": description, "schema": described}


def _without_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter that is not given is not there: it is never null."""
    bare = {key: value for key, value in schema.items() if key not in ("title", "anyOf")}
    if bare.get("default", ...) is None:
        del bare["default"]
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    return {**options[0], **bare} if options else bare


def _headers(declared: Operation) -> Iterator[dict[str, Any]]:
    for name, description in declared.takes.items():
        schema: dict[str, Any] = {"type": "string"}
        if name == "Idempotency-Key":
            schema["pattern"] = '^("[!#-~]{1,255}"|[!#-~]{1,255})$'
        yield {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _body(declared: Operation, refs: Refs) -> dict[str, Any] | None:
    found: dict[str, Any] = dict(declared.content)
    if declared.body is not None:
        found["application/json"] = declared.body
    content = {
        media_type: {"schema": {"$ref": _REF.format(model=refs[body])} if isinstance(body, type) else body}
        for media_type, body in found.items()
    }
    return {"required": True, "content": content} if content else None


def _responses(rule: Rule, method: str, declared: Operation, refs: Refs) -> dict[str, Any]:
    answers = {str(status): _answer(answer, refs) for status, answer in declared.answers.items()}
    errors: list[type[DarkroomError]] = [*_BY_EVERY, *declared.errors]
    errors += _BY_CHANGES if method != "get" else ()
    errors += [NotFound] if rule.arguments else []
    errors += [IncompleteUpload, NotJson] if declared.body is not None else []
    by_status: dict[int, list[type[DarkroomError]]] = {}
    for error in dict.fromkeys(errors):
        by_status.setdefault(error.status, []).append(error)
    refused = {str(status): _refusal(kinds, refs) for status, kinds in by_status.items()}
    trouble = {"5XX": _refusal([DatabaseUnavailable], refs, "Trouble of the server")}
    return dict(sorted((answers | refused).items())) | trouble


def _answer(answer: Answer, refs: Refs) -> dict[str, Any]:
    told: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        told["headers"] = {
            name: {"description": description, "schema": {"type": "string"}}
            for name, description in answer.headers.items()
        }
    if answer.model is not None:
        told["content"] = {"application/json": {"schema": {"$ref": _REF.format(model=refs[answer.model])}}}
    return told


def _refusal(kinds: list[type[DarkroomError]], refs: Refs, name: str | None = None) -> dict[str, Any]:
    codes = ", ".join(f"`{kind.code}`" for kind in kinds)
    phrase = name or HTTPStatus(kinds[0].status).phrase
    schema = {"$ref": _REF.format(model=refs[Problem])}
    return {"description": f"{phrase}: {codes}", "content": {"application/problem+json": {"schema": schema}}}
