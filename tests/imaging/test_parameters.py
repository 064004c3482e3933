"""What forms, API descriptions and docs are derived from is complete, for whatever operations and formats there are."""

import json
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from app.imaging import collectors, encoders, operations
from app.imaging.operation import Colour, pixels
from app.imaging.parameters import Parameter, documentation, flat, json_schema, parameters

MODELS: dict[str, type[BaseModel]] = {
    f"{package.__name__.rpartition('.')[2]}.{name}": kind
    for package in (operations, encoders, collectors)
    for name, kind in package.found().items()
}
EXAMPLES = {name: kind for name, kind in MODELS.items() if hasattr(kind, "example")}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def test_every_operation_and_every_collector_has_an_example():
    assert EXAMPLES.keys() >= {name for name in MODELS if not name.startswith("encoders.")}


@every_model
def test_it_says_what_it_does_in_sentences(model: type[BaseModel]):
    assert documentation(model).endswith(".")


@every_model
def test_every_parameter_says_what_it_is_for_in_sentences(model: type[BaseModel]):
    named = [parameter for parameter in flat(parameters(model)) if parameter.name]
    assert [one.name for one in named if not one.description.strip().endswith((".", "?"))] == []


@every_model
def test_every_parameter_is_of_a_kind_that_a_form_can_ask_for(model: type[BaseModel]):
    assert [one for one in flat(parameters(model)) if one.kind == "any"] == []


@every_model
def test_every_number_has_bounds_and_every_list_an_end(model: type[BaseModel]):
    for one in flat(parameters(model)):
        if one.kind in ("integer", "number"):
            assert one.minimum is not None, one
            assert one.maximum is not None, one
        if one.kind in ("list", "mapping"):
            assert one.max_items is not None, one
        if one.kind == "text":
            assert one.max_length is not None or one.pattern is not None, one


@every_model
def test_every_default_is_a_value_that_could_be_given(model: type[BaseModel]):
    for name, field in model.model_fields.items():
        if field.is_required():
            continue
        alone = create_model("Alone", __config__=model.model_config, **{name: (field.annotation, field)})
        default = alone().model_dump(mode="json", by_alias=True)
        assert alone.model_validate_json(json.dumps(default)) == alone()


@pytest.mark.parametrize("model", EXAMPLES.values(), ids=EXAMPLES)
def test_every_documented_example_is_valid(model: type[BaseModel]):
    model.model_validate_json(json.dumps(model.example))  # type: ignore[attr-defined]


@every_model
def test_the_json_schema_stands_alone(model: type[BaseModel]):
    text = json.dumps(json_schema(model))
    assert "$ref" not in text
    assert "$defs" not in text
    assert '"null"' not in text


class Corner(BaseModel):
    x: float = Field(gt=0, le=1, description="Across.")


class Model(BaseModel):
    """First.

    Second.
    """

    model_config = ConfigDict(extra="forbid")

    width: int | None = pixels("How wide.", default=None, ge=1, le=2000)
    ratio: float = Field(gt=0, le=4, description="How much.")
    share: float = Field(default=0.5, ge=0, lt=1, description="Less than one.")
    language: str | None = Field(default=None, pattern="^[a-z]{2}$", description="Two letters.")
    even: int = Field(default=2, ge=2, le=10, multiple_of=2, description="An even one.")
    flag: bool = Field(default=True, description="Whether.")
    fit: Literal["cover", "fill"] = Field(default="cover", description="How.")
    ground: Colour = Field(default="#ffffff", description="Behind.")
    title: str = Field(default="", max_length=20, description="A name that pydantic uses itself.")
    quality: Annotated[int, Field(ge=1, le=100)] | Literal["auto"] = Field(default="auto", description="Or a word.")
    keep: Annotated[list[Literal["a", "b"]], Field(max_length=2)] = Field(default=[], description="Some.")
    point: Annotated[list[float], Field(min_length=2, max_length=2)] | None = Field(default=None, description="x, y.")
    corners: Annotated[list[Corner], Field(min_length=1, max_length=4)] | None = Field(default=None, description="All.")
    either: int | list[int] | None = Field(default=None, description="No form can ask for this.")


PARAMETERS = {parameter.name: parameter for parameter in parameters(Model)}


def test_parameters_come_in_the_order_of_the_model():
    assert list(PARAMETERS) == list(Model.model_fields)


@pytest.mark.parametrize(
    ("name", "kind", "type", "bounds"),
    [
        ("width", "integer", "integer", "1–2,000 px"),
        ("ratio", "number", "number", "> 0 and ≤ 4"),
        ("share", "number", "number", "≥ 0 and < 1"),
        ("language", "text", "text", ""),
        ("even", "integer", "integer", "2–10"),
        ("flag", "boolean", "true or false", ""),
        ("fit", "choice", "choice", "`cover`, `fill`"),
        ("ground", "colour", "colour", ""),
        ("title", "text", "text", "at most 20 characters"),
        ("quality", "integer", "integer or word", "1–100, `auto`"),
        ("keep", "list", "list of choices", "at most 2 of them, `a`, `b`"),
        ("point", "list", "list of numbers", "2 of them"),
        ("corners", "list", "list of mappings", "1–4 of them"),
        ("either", "any", "value", ""),
    ],
)
def test_a_parameter_in_plain_words(name: str, kind: str, type: str, bounds: str):
    parameter = PARAMETERS[name]
    assert (parameter.kind, parameter.type, parameter.bounds) == (kind, type, bounds)


def test_what_a_number_field_of_a_form_needs():
    assert PARAMETERS["width"] == Parameter(
        "width", "integer", "How wide.", minimum=1, maximum=2000, step=1, unit="px"
    )  # fmt: skip
    assert PARAMETERS["even"].step == 2
    assert (PARAMETERS["share"].maximum, PARAMETERS["share"].below) == (1, True)
    assert PARAMETERS["language"].pattern == "^[a-z]{2}$"
    ratio = PARAMETERS["ratio"]
    assert (ratio.required, ratio.minimum, ratio.above, ratio.maximum, ratio.step) == (True, 0, True, 4, None)


def test_what_a_field_of_choices_needs():
    assert (PARAMETERS["fit"].choices, PARAMETERS["fit"].default) == (("cover", "fill"), "cover")
    assert PARAMETERS["keep"].item is not None
    assert PARAMETERS["keep"].item.choices == ("a", "b")
    assert (PARAMETERS["quality"].choices, PARAMETERS["quality"].default) == (("auto",), "auto")


def test_the_fields_of_objects_within_lists_are_parameters_too():
    assert PARAMETERS["corners"].item is not None
    (x,) = PARAMETERS["corners"].item.fields
    assert (x.name, x.kind, x.description, x.maximum) == ("x", "number", "Across.", 1)
    assert x in list(flat(parameters(Model)))


def test_a_parameter_may_be_called_as_a_keyword_of_json_schema():
    assert "title" in json_schema(Model)["properties"]
    assert "title" not in json_schema(Model)


def test_the_paragraphs_of_a_docstring_stay_apart():
    assert documentation(Model) == "First.\n\nSecond."
