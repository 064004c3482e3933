"""What a recipe may say: its schema. What is wrong with one is worded in `faults`."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WrapValidator, model_validator

from app.imaging.condition import Condition, MediaType
from app.imaging.formats import PDF
from app.imaging.graph import SOURCE
from app.recipes.faults import DURATION, NAME, OUTPUT_NAME, VARIABLE_NAME, text_fault
from app.webhooks.events import EventType

Name = Annotated[str, Field(pattern=NAME)]
"""Of a recipe or a step: small letters, digits and hyphens."""
OutputName = Annotated[str, Field(pattern=OUTPUT_NAME)]
"""With a format and the number of a page behind it, it is the name of a result, which may have 64 characters."""
VariableName = Annotated[str, Field(pattern=VARIABLE_NAME)]
Text = Annotated[str, Field(max_length=1000)]
Duration = Annotated[str, Field(pattern=DURATION)]
"""Minutes, hours or days, as in `12h`."""

_MAX_NUMBER = 10**40
MAX_STEPS, MAX_OUTPUTS = 100, 100
_MAX_TEXT = 1000


def _value(value: Any, check: Any) -> Any:
    """One sentence for all four types, where pydantic has one for each."""
    try:
        return check(value)
    except ValidationError:
        raise ValueError("should be text, a number, true or false") from None


def _format(value: Any, check: Any) -> Any:
    try:
        return check(value)
    except ValidationError:
        raise ValueError("should be a format, or one with its settings, as in {webp: {quality: 75}}") from None


def _is_no_path(template: str) -> str:
    if "/" in template or "\\" in template:
        raise ValueError("is the name of a file, without folders; it can not have / or \\")
    return template


Value = Annotated[str | int | float | bool, WrapValidator(_value)]
_Format = Annotated[str | dict[str, dict[str, Any]], WrapValidator(_format)]


class Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Input(Model):
    """What the recipe takes; the limits of the settings come first."""

    accept: Annotated[list[MediaType], Field(min_length=1)] | None = Field(
        default=None,
        description="Media types, for example `[image/jpeg, image/png]`; left out, every image, but no PDF.",
    )
    max_bytes: int | None = Field(default=None, ge=1, description="Largest file, in bytes.")
    max_megapixels: float | None = Field(default=None, gt=0, description="Largest image: width × height, in millions.")
    max_frames: int | None = Field(default=None, ge=1, description="Most frames of an animation.")
    pages: Literal["first", "all"] = Field(
        default="first",
        description="Of a TIFF or PDF with several pages: what is made of the first one, or of every one.",
    )
    max_pages: int = Field(
        default=20,
        ge=1,
        le=999,
        description="With `pages: all`, how many pages something is made of; of those behind them, nothing is.",
    )
    dpi: int = Field(
        default=150,
        ge=36,
        le=600,
        description="How large the page of a PDF becomes: A4 is 1240 × 1754 pixels at 150.",
        json_schema_extra={"unit": "px/inch"},
    )

    @model_validator(mode="after")
    def _says_what_it_is_for(self) -> Self:
        if "max_pages" in self.model_fields_set and self.pages == "first":
            raise ValueError("max_pages is for pages: all; without it, something is made of the first page only")
        if "dpi" in self.model_fields_set and PDF not in (self.accept or ()):
            raise ValueError(f"dpi is for PDFs, which the recipe does not take; put {PDF} into accept")
        return self


class Variable(Model):
    """A value that each job may fill in; steps, formats and file names refer to it as `${name}`."""

    type: Literal["string", "integer", "number", "boolean"] = Field(description="What its values are.")
    default: Value = Field(description="What holds where a job says nothing.")
    description: Text = Field(default="", description="For the people who fill it in.")
    minimum: float | None = Field(default=None, description="The least that an integer or number may be.")
    maximum: float | None = Field(default=None, description="The most that an integer or number may be.")
    choices: Annotated[list[Value], Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="All values that it may have."
    )
    max_length: int | None = Field(
        default=None, ge=1, le=10_000, description=f"Of a string, in characters; {_MAX_TEXT} where it is not given."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.type not in ("integer", "number") and (self.minimum, self.maximum) != (None, None):
            raise ValueError(f"minimum and maximum are for integers and numbers; the type is {self.type}")
        if self.type != "string" and self.max_length is not None:
            raise ValueError(f"max_length is for strings; the type is {self.type}")
        for at, choice in enumerate(self.choices or []):
            if fault := self._fault_of_one(choice):
                raise ValueError(f"choices.{at} {fault}")
        if fault := self.fault(self.default):
            raise ValueError(f"the default {fault}")
        return self

    def fault(self, value: object) -> str | None:
        """What is wrong with the value, or None."""
        if fault := self._fault_of_one(value):
            return fault
        if self.choices is not None and value not in self.choices:
            return f"is {_shown(value)}; it can be {', '.join(map(_shown, self.choices))}"
        return None

    def _fault_of_one(self, value: object) -> str | None:
        kinds: dict[str, tuple[type, ...]] = {
            "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,),
        }  # fmt: skip
        if not isinstance(value, kinds[self.type]) or (isinstance(value, bool) and self.type != "boolean"):
            return f"is {_shown(value)}; it must be of type {self.type}"
        if isinstance(value, str):
            longest = self.max_length or _MAX_TEXT
            return f"has {len(value)} characters; it may have {longest}" if len(value) > longest else text_fault(value)
        return self._fault_of_number(value) if isinstance(value, (int, float)) else None

    def _fault_of_number(self, value: float) -> str | None:
        if isinstance(value, float) and not math.isfinite(value):
            return f"is {value}; it must be a finite number"
        if abs(value) >= _MAX_NUMBER:
            return "has more than 40 digits"
        if self.minimum is not None and value < self.minimum:
            return f"is {_shown(value)}; it must be at least {self.minimum:g}"
        if self.maximum is not None and value > self.maximum:
            return f"is {_shown(value)}; it must be at most {self.maximum:g}"
        return None


def _shown(value: object) -> str:
    """As JSON and YAML write it, not too long."""
    return str(value).lower() if isinstance(value, bool) else repr(value)[:40]


class StepModel(Model):
    """One operation on one picture."""

    op: str = Field(description="The operation.")
    from_: str = Field(default=SOURCE, alias="from", description="The step whose picture it takes, or `source`.")
    with_: dict[str, Any] = Field(default={}, alias="with", description="The operation's parameters.")
    when: Condition | None = Field(default=None, description="Where it does not hold, the picture goes on unchanged.")


class OutputModel(Model):
    """A picture that is written, in one format or several."""

    from_: str = Field(default=SOURCE, alias="from", description="The step whose picture it is, or `source`.")
    name: Annotated[str, AfterValidator(_is_no_path)] = Field(
        default="${stem}-${output}",
        min_length=1,
        max_length=200,
        description="The file's name without its extension. `${stem}` is the original's name, `${output}` the name"
        " of the output, `${format}`, `${width}` and `${height}` are the file's; `${page}` is the number of the page,"
        " and stands behind all others where there are several; and every variable.",
    )
    formats: Annotated[list[_Format], Field(min_length=1, max_length=20)] = Field(
        description="Formats, each by name or with its settings: `[jpeg, {webp: {quality: 75}}]`."
    )


class Run(Model):
    """How its jobs are run."""

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
    """Something that is made of the results of all files of a job."""

    op: str = Field(description="The collector.")
    from_: Annotated[list[str], Field(min_length=1, max_length=MAX_OUTPUTS)] = Field(
        alias="from", description="Files of the outputs, as in `[thumbnail-jpeg]`; of every original that has them."
    )
    with_: dict[str, Any] = Field(default={}, alias="with", description="The collector's parameters.")


class Results(Model):
    """What becomes of the results."""

    expire_after: Duration | None = Field(
        default=None, description="When the job and its results are deleted, counted from its end: `12h`, `30d`."
    )


class Notify(Model):
    """A webhook endpoint that is told of its jobs."""

    endpoint: Name = Field(description="The name of the endpoint, which must be there when the recipe is saved.")
    events: Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))] | None = Field(
        default=None, description="What it is told of; left out, what the endpoint asks for."
    )


class Document(Model):
    """A recipe, as it is written."""

    schema_: Literal[1] = Field(alias="schema", description="The version of this format.")
    name: Name = Field(description="Small letters, digits and hyphens; at most 64.")
    version: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Never changed once it is saved; left out, a change makes the next.",
    )
    description: Text = Field(default="", description="What it makes, for the people who choose it.")
    input: Input = Field(default=Input(), description="What it takes.")
    vars: Annotated[dict[VariableName, Variable], Field(max_length=50)] = Field(
        default={}, description="Values that a job may fill in, by name: small letters, digits and `_`."
    )
    steps: Annotated[dict[Name, StepModel], Field(max_length=MAX_STEPS)] = Field(
        default={},
        description="What is done to the picture, by name; in any order, because `from` says what comes first.",
    )
    outputs: Annotated[dict[OutputName, OutputModel], Field(min_length=1, max_length=MAX_OUTPUTS)] = Field(
        description="What is written, by name: as all names, but at most 50."
    )
    collect: Annotated[dict[Name, CollectModel], Field(max_length=10)] = Field(
        default={}, description="What is made of the results of all files of a job, by name."
    )
    run: Run = Field(default=Run(), description="How its jobs are run.")
    results: Results = Field(default=Results(), description="What becomes of the results.")
    notify: Annotated[list[Notify], Field(max_length=20)] = Field(
        default=[], description="Webhook endpoints that are told of its jobs, beside those that are told of all."
    )


def seconds(duration: str) -> int:
    return int(duration[:-1]) * {"m": 60, "h": 3600, "d": 86_400}[duration[-1]]
