"""What recipes are made of, with its parameters as JSON Schemas."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from flask import Blueprint
from pydantic import BaseModel, Field, JsonValue

from app.api.operation import Answer, Result, operation
from app.imaging import collectors, encoders, operations
from app.imaging.parameters import documentation, json_schema
from app.recipes.json_schema import json_schema as recipe_schema

blueprint = Blueprint("operations", __name__, url_prefix="/operations")


class Kind(BaseModel):
    """An operation, a format or a collector."""

    name: str = Field(description="As recipes write it.")
    documentation: str
    parameters: dict[str, JsonValue] = Field(description="JSON Schema, draft 2020-12.")


class Kinds(BaseModel):
    operations: list[Kind] = Field(description="What a step of a recipe can be.")
    formats: list[Kind] = Field(description="What an output can be written as.")
    collectors: list[Kind] = Field(description="What can be made of all results of a job.")
    recipe_schema: dict[str, JsonValue] = Field(description="JSON Schema of a whole recipe.")


@blueprint.get("")
@operation({200: Answer(Kinds, "All of them, by name.")})
def list_operations() -> Result:
    """Every operation, format and collector, with its parameters."""
    return _kinds()


@cache
def _kinds() -> Kinds:
    return Kinds(
        operations=_told(operations.found()),
        formats=_told(encoders.found()),
        collectors=_told(collectors.found()),
        recipe_schema=recipe_schema(),
    )


def _told(found: Mapping[str, Any]) -> list[Kind]:
    return [
        Kind(name=name, documentation=documentation(model), parameters=json_schema(model))
        for name, model in found.items()
    ]
