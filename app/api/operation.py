"""What a route of the API takes and answers, declared where it is: checked here, and printed by app/api/document.py.

A view decorated with `operation` is called with its query and its JSON body as models, and returns a model. What is
unknown or out of its bounds is refused with the pointer or parameter that is wrong. A body that is no JSON is never
touched: the view reads it as it arrives.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Annotated, Any, TypeVar

from flask import Response, request
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from app.errors import BadField, DarkroomError, InvalidParameter, NotJson
from app.recipes.faults import faults_of, fields, told
from app.submission import read_body

MAX_BODY_BYTES = 10_000_000
_MAX_SHOWN = 80

Model = TypeVar("Model", bound=BaseModel)
Headers = Mapping[str, str]
Content = Mapping[str, Any] | type[BaseModel]
"""The schema of a body, or its model."""
Result = BaseModel | tuple[BaseModel | None, int] | tuple[BaseModel | None, int, Headers] | Response


class Query(BaseModel):
    """The parameters of an address; a route without any takes this one."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _whole(value: Any) -> Any:
    """JSON has one kind of number: 3.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integer = Annotated[int, BeforeValidator(_whole)]


class Body(BaseModel):
    """A JSON body."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """`model` is None where there is no body; `headers` are the names with what they say."""

    model: type[BaseModel] | None
    description: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """`content` are the bodies that the view reads by itself, by media type; `takes` are the request headers."""

    answers: Mapping[int, Answer]
    query: type[Query]
    body: type[BaseModel] | None
    content: Mapping[str, Content]
    takes: Mapping[str, str]
    errors: tuple[type[DarkroomError], ...]


def operation(
    answers: Mapping[int, Answer], *, query: type[Query] = Query, body: type[BaseModel] | None = None,
    content: Mapping[str, Content] | None = None, takes: Mapping[str, str] | None = None,
    errors: Iterable[type[DarkroomError]] = (),
) -> Callable[[Callable[..., Result]], Callable[..., Response]]:  # fmt: skip
    """Declare a route. The first line of the view's docstring is its summary, the rest its description."""
    declared = Operation(answers, query, body, content or {}, takes or {}, tuple(errors))

    def decorate(view: Callable[..., Result]) -> Callable[..., Response]:
        @wraps(view)
        def call(**given: Any) -> Response:
            asked = _query(query)
            if query is not Query:
                given["query"] = asked
            if body is not None:
                given["body"] = read_json(body)
            return _response(declared, view(**given))

        call.operation = declared  # type: ignore[attr-defined]
        return call

    return decorate


def form(**fields: Mapping[str, Any]) -> Content:
    """The schema of multipart/form-data: one or more files, and these fields."""
    files = {"type": "array", "items": {"contentMediaType": "application/octet-stream"}, "minItems": 1}
    return {
        "type": "object",
        "properties": {"file": files, **fields},
        "required": ["file"],
        "additionalProperties": False,
    }


def read_json(model: type[Model]) -> Model:
    """The JSON body of the request as a model. Raises NotJson, IncompleteUpload, InvalidParameter."""
    if request.mimetype != "application/json":
        raise NotJson(f"The Content-Type is {request.mimetype[:_MAX_SHOWN] or 'missing'}; send application/json.")
    body = read_body(MAX_BODY_BYTES)
    if len(body) > MAX_BODY_BYTES:
        raise InvalidParameter(f"The body has more than {MAX_BODY_BYTES:,} bytes.")
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error, model, body) from None


def _refusal(error: ValidationError, model: type[BaseModel], body: bytes) -> InvalidParameter:
    if error.errors(include_url=False)[0]["type"] == "json_invalid":
        return InvalidParameter(
            f"The body can not be read as JSON: {error.errors(include_url=False)[0]['ctx']['error']}."
        )
    faults = faults_of(error, model, json.loads(body))
    return InvalidParameter(told(faults), fields(faults))


def _query(model: type[Query]) -> Query:
    given = request.args.to_dict(flat=False)
    if twice := next((name for name, values in given.items() if len(values) > 1), None):
        message = f"{twice[:_MAX_SHOWN]} is given twice; give it once."
        raise InvalidParameter(message, [BadField(message, parameter=twice[:_MAX_SHOWN])])
    try:
        return model.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as error:
        faults = faults_of(error, model)
        bad = [BadField(fault.message, parameter=fault.path) for fault in faults]
        raise InvalidParameter(f"In the address, {told(faults)}", bad) from None


def _response(declared: Operation, result: Result) -> Response:
    if isinstance(result, Response):
        return result
    model, status, headers = (*result, {})[:3] if isinstance(result, tuple) else (result, 200, {})
    answer = declared.answers[status]
    if model is None:
        return Response(status=status, headers=dict(headers))
    assert isinstance(model, answer.model or ()), "the description must be true"
    return Response(model.model_dump_json(by_alias=True), status, dict(headers), mimetype="application/json")
