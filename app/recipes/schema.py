"""What a recipe may say: its schema, checked with the path of every fault."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.imaging.condition import Condition
from app.imaging.formats import ACCEPTED_MEDIA_TYPES
from app.imaging.graph import SOURCE

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
"""Of a recipe, a step, an output: small letters, digits and hyphens."""
VariableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Text = Annotated[str, Field(max_length=1000)]
Duration = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}[mhd]$")]
"""Minutes, hours or days, as in `12h`."""
Value = str | int | float | bool

MAX_STEPS, MAX_OUTPUTS = 100, 100


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Input(Model):
    """What the recipe takes; the limits of the settings come first."""

    accept: Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None, description="Media types; left out, all that Darkroom reads."
    )
    max_bytes: int | None = Field(default=None, ge=1, description="Largest file, in bytes.")
    max_megapixels: float | None = Field(default=None, gt=0, description="Largest image: width × height, in millions.")
    max_frames: int | None = Field(default=None, ge=1, description="Most frames of an animation, or pages.")

    @model_validator(mode="after")
    def _accepts_what_is_read(self) -> Self:
        for media_type in self.accept or []:
            if media_type not in ACCEPTED_MEDIA_TYPES:
                raise ValueError(f"accept: {media_type!r} is not read{nearest(media_type, ACCEPTED_MEDIA_TYPES)}")
        return self


class Variable(Model):
    """A value that each job may fill in; steps and formats refer to it as `${name}`."""

    type: Literal["string", "integer", "number", "boolean"]
    default: Value = Field(description="What holds where a job says nothing.")
    description: Text = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: Annotated[list[Value], Field(min_length=1, max_length=100)] | None = None
    max_length: int | None = Field(default=None, ge=1, le=10_000, description="Of a string, in characters.")

    @model_validator(mode="after")
    def _default_is_allowed(self) -> Self:
        if fault := self.fault(self.default):
            raise ValueError(f"the default {fault}")
        return self

    def fault(self, value: object) -> str | None:
        """What is wrong with the value, or None."""
        kinds: dict[str, tuple[type, ...]] = {
            "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
        }  # fmt: skip
        shown = repr(value)[:40]
        if not isinstance(value, kinds[self.type]) or (isinstance(value, bool) and self.type != "boolean"):
            return f"is {shown}; it must be of type {self.type}"
        if self.choices is not None and value not in self.choices:
            return f"is {shown}; it can be {', '.join(map(str, self.choices))}"
        if isinstance(value, str):
            longest = self.max_length or 1000
            return f"has {len(value)} characters; it may have {longest}" if len(value) > longest else None
        if isinstance(value, (int, float)) and self.minimum is not None and value < self.minimum:
            return f"is {shown}; it must be at least {self.minimum:g}"
        if isinstance(value, (int, float)) and self.maximum is not None and value > self.maximum:
            return f"is {shown}; it must be at most {self.maximum:g}"
        return None


class StepModel(Model):
    op: str = Field(description="The operation.")
    from_: str = Field(default=SOURCE, alias="from", description="The step whose picture it takes, or `source`.")
    with_: dict[str, Any] = Field(default={}, alias="with", description="The operation's parameters.")
    when: Condition | None = Field(default=None, description="Where it does not hold, the picture goes on unchanged.")


class OutputModel(Model):
    from_: str = Field(default=SOURCE, alias="from", description="The step whose picture it is, or `source`.")
    name: str = Field(
        default="${stem}-${output}",
        min_length=1,
        max_length=200,
        description="The file's name without its extension. `${stem}` is the original's name, `${output}` the name"
        " of the output, `${format}`, `${width}`, `${height}`; and every variable.",
    )
    formats: Annotated[list[str | dict[str, dict[str, Any]]], Field(min_length=1, max_length=20)] = Field(
        description="Formats, each by name or with its settings: `[jpeg, {webp: {quality: 75}}]`."
    )


class Run(Model):
    lane: Literal["interactive", "bulk"] | None = Field(
        default=None, description="Where its jobs wait, unless they say it themselves."
    )
    on_error: Literal["continue", "cancel"] = Field(
        default="continue",
        description="When a file has failed: go on with the others, or cancel the rest.",
    )
    timeout: int | None = Field(
        default=None, ge=1, le=1200, description="Longest time for one file, in seconds; never more than the settings'."
    )


class CollectModel(Model):
    op: str = Field(description="The collector.")
    from_: Annotated[list[str], Field(min_length=1, max_length=MAX_OUTPUTS)] = Field(
        alias="from", description="Files of the outputs, as in `[thumbnail-jpeg]`; of every original that has them."
    )
    with_: dict[str, Any] = Field(default={}, alias="with", description="The collector's parameters.")


class Results(Model):
    expire_after: Duration | None = Field(
        default=None, description="When the job and its results are deleted, counted from its end: `12h`, `30d`."
    )


class Document(Model):
    """A recipe, as it is written."""

    schema_: Literal[1] = Field(alias="schema", description="The version of this format.")
    name: Name
    version: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Never changed once it is saved; left out, a change makes the next.",
    )
    description: Text = ""
    input: Input = Input()
    vars: Annotated[dict[VariableName, Variable], Field(max_length=50)] = {}
    steps: Annotated[dict[Name, StepModel], Field(max_length=MAX_STEPS)] = {}
    outputs: Annotated[dict[Name, OutputModel], Field(min_length=1, max_length=MAX_OUTPUTS)]
    collect: Annotated[dict[Name, CollectModel], Field(max_length=10)] = {}
    run: Run = Run()
    results: Results = Results()


def seconds(duration: str) -> int:
    return int(duration[:-1]) * {"m": 60, "h": 3600, "d": 86_400}[duration[-1]]


@dataclass(frozen=True, slots=True)
class Fault:
    """`path` leads to what is wrong, as in `steps.hero.with.width`."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint to append: the nearest right name, or all of them where they are few."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there is {', '.join(names)}" if names else ""


def faults_of(error: ValidationError, model: type[BaseModel], path: str = "") -> list[Fault]:
    """What pydantic found, in words, each with its path below `path`."""
    return [_fault(fault, model, path) for fault in error.errors(include_url=False)]


def _fault(fault: Any, model: type[BaseModel], path: str) -> Fault:
    place = [str(part) for part in fault["loc"]]
    message = str(fault["msg"]).removeprefix("Value error, ")
    kind = fault["type"]
    if kind == "extra_forbidden":
        message = f"there is no such key{nearest(place[-1], _known_at(model, place[:-1]))}"
    elif kind == "missing":
        message = "is missing"
    elif kind != "value_error":
        shown = repr(fault["input"])
        message = f"{message[0].lower()}{message[1:]}" + (f" (it is {shown})" if len(shown) <= 60 else "")
    return Fault(".".join(filter(None, [path, *place])), message)


def _known_at(model: type[BaseModel], place: list[str]) -> list[str]:
    """The keys that there are at a place of a model's JSON Schema."""
    schema = model.model_json_schema(by_alias=True)
    at: dict[str, Any] = schema
    for part in place:
        at = _resolved(at, schema)
        at = at.get("properties", {}).get(part) or at.get("additionalProperties") or at.get("items") or {}
        if not isinstance(at, dict):
            return []
    return list(_resolved(at, schema).get("properties", {}))


def _resolved(at: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    for option in at.get("anyOf", []):
        if option.get("type") != "null":
            at = option
            break
    reference = at.get("$ref")
    return schema["$defs"][reference.rpartition("/")[2]] if reference else at
