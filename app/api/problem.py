"""How an error looks in JSON; app/faults.py writes it."""

from typing import Annotated

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """What is wrong with one part of the request: of its body, or of its address and headers."""

    detail: str
    pointer: str = Field(default="", description="JSON Pointer (RFC 6901) into the body.")
    parameter: str = Field(default="", description="Name of the parameter of the address, or of the header.")


class Problem(BaseModel):
    """RFC 9457."""

    type: Annotated[str, Field(description="The page that explains this kind of error.")]
    title: str
    status: int
    code: Annotated[str, Field(description="The kind of error, stable; docs/errors.md lists all.")]
    detail: Annotated[str, Field(description="What was wrong, the limit, the value, and the way out, for a person.")]
    errors: list[FieldProblem] = Field(default=[], description="What is wrong with which part of the request.")
