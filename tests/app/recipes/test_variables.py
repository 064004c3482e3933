"""What a job may fill in: types, bounds and choices, where values end up, and that they go nowhere else."""

from typing import Any

import pytest

from app import recipes
from app.errors import InvalidParameter, InvalidRecipe
from app.imaging.operations.resize import Resize
from app.recipes.schema import Variable


def recipe(variables: dict[str, Any], used_as: dict[str, Any], **output: Any) -> recipes.Recipe:
    return recipes.parse(
        {
            "schema": 1, "name": "test", "version": 1, "vars": variables,
            "steps": {"hero": {"op": "resize", "with": {"width": 10} | used_as}},
            "outputs": {"out": {"from": "hero", "formats": ["jpeg"]} | output},
        }
    )  # fmt: skip


def of_type(type: str, default: Any, **bounds: Any) -> dict[str, Any]:
    return {"type": type, "default": default} | bounds


def step(made: recipes.Recipe, **values: Any) -> Resize:
    operation = made.making(values).graph.steps[0].operation
    assert isinstance(operation, Resize)
    return operation


SIZED = recipe({"side": of_type("integer", 100, minimum=1, maximum=20_000)}, {"width": "${side}"})


def test_a_value_keeps_its_type_where_it_stands_alone():
    made = recipe(
        {"side": of_type("integer", 100), "scale": of_type("number", 1.5), "small": of_type("boolean", True)},
        {"width": "${side}", "dpr": "${scale}", "without_enlargement": "${small}"},
    )
    assert (step(made).width, step(made).dpr, step(made).without_enlargement) == (100, 1.5, True)
    changed = step(made, side=7, scale=2, small=False)
    assert (changed.width, changed.dpr, changed.without_enlargement) == (7, 2, False)


def test_within_a_text_it_is_part_of_the_text():
    made = recipe({"red": of_type("string", "ff"), "blue": of_type("integer", 10)}, {"background": "#${red}00${blue}"})
    assert step(made).background == "#ff0010"
    assert step(made, red="aa", blue=99).background == "#aa0099"


def test_it_is_put_into_lists_and_into_the_settings_of_formats():
    made = recipes.parse(
        {
            "schema": 1, "name": "test", "version": 1,
            "vars": {"x": of_type("number", 0.25), "quality": of_type("integer", 50), "kept": of_type("string", "icc")},
            "steps": {"a": {"op": "crop", "with": {"aspect_ratio": "1:1", "focal_point": ["${x}", 0.5]}},
                      "b": {"op": "strip", "from": "a", "with": {"keep": ["${kept}"]}}},
            "outputs": {"out": {"from": "b", "formats": [{"webp": {"quality": "${quality}"}}]}},
        }
    )  # fmt: skip
    making = made.making({"x": 1, "quality": 33})
    assert making.graph.steps[0].operation.focal_point == [1, 0.5]  # type: ignore[attr-defined]
    assert making.graph.steps[1].operation.keep == ["icc"]  # type: ignore[attr-defined]
    assert making.outputs[0].encoder.quality == 33  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["${", "$side", "{side}", "${side", "$ {side}"])
def test_what_only_looks_like_a_reference_is_text(text: str):
    with pytest.raises(InvalidRecipe) as error:
        recipe({}, {"background": text})
    assert "is no colour" in str(error.value)


def test_a_text_of_nothing_but_beginnings_is_read_in_time():
    """A pattern that runs to the end from each of them takes minutes: the test's own limit would end it."""
    with pytest.raises(InvalidRecipe, match=r"background: "):
        recipe({}, {"background": "${" * 200_000})


def test_a_value_is_not_looked_into_again():
    made = recipe({"a": of_type("string", "x"), "b": of_type("string", "y")}, {}, name="${output}-${a}-${b}")
    facts = {"stem": "s", "format": "jpeg", "width": 1, "height": 1}
    assert made.result_name("out-jpeg", facts, {"a": "${b}", "b": "${a}"}) == "out-${b}-${a}"


def test_a_value_that_does_not_fit_its_place_is_told_with_the_path():
    with pytest.raises(InvalidParameter) as error:
        SIZED.making({"side": 20_000})
    assert str(error.value) == (
        "With these variables the recipe test is not valid: steps.hero.with.width:"
        " should be less than or equal to 16384 (it is 20000)"
    )


@pytest.mark.parametrize("used_as", [{"width": "${side}"}, {"background": "#${side}000"}])
def test_a_default_that_does_not_fit_its_place_is_no_recipe(used_as: dict[str, Any]):
    with pytest.raises(InvalidRecipe, match=r"^steps\.hero\.with\."):
        recipe({"side": of_type("string", "wide")}, used_as)


@pytest.mark.parametrize(
    ("variable", "value", "fault"),
    [
        (of_type("integer", 1), "1", "is '1'; it must be of type integer"),
        (of_type("integer", 1), 1.0, "is 1.0; it must be of type integer"),
        (of_type("integer", 1), True, "is true; it must be of type integer"),
        (of_type("integer", 1), None, "is None; it must be of type integer"),
        (of_type("integer", 1), [1], "is [1]; it must be of type integer"),
        (of_type("number", 1), True, "is true; it must be of type number"),
        (of_type("number", 1), "1", "is '1'; it must be of type number"),
        (of_type("number", 1), float("nan"), "is nan; it must be a finite number"),
        (of_type("number", 1), float("-inf"), "is -inf; it must be a finite number"),
        (of_type("boolean", True), 1, "is 1; it must be of type boolean"),
        (of_type("boolean", True), "true", "is 'true'; it must be of type boolean"),
        (of_type("string", ""), 1, "is 1; it must be of type string"),
        (of_type("string", ""), "x" * 1001, "has 1001 characters; it may have 1000"),
        (of_type("string", "", max_length=3), "four", "has 4 characters; it may have 3"),
        (of_type("string", ""), "a\0b", "has the character U+0000, which no text may have"),
        (of_type("string", ""), "\ud800", "has the character U+D800, which no text may have"),
        (of_type("integer", 5, minimum=2, maximum=8), 1, "is 1; it must be at least 2"),
        (of_type("integer", 5, minimum=2, maximum=8), 9, "is 9; it must be at most 8"),
        (of_type("number", 0.5, minimum=0, maximum=1), 1.01, "is 1.01; it must be at most 1"),
        (of_type("integer", 60, choices=[60, 80]), 70, "is 70; it can be 60, 80"),
        (of_type("string", "a", choices=["a", "b"]), "c", "is 'c'; it can be 'a', 'b'"),
        (of_type("number", 1, choices=[1, 2]), True, "is true; it must be of type number"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(variable: dict[str, Any], value: Any, fault: str):
    assert Variable(**variable).fault(value) == fault


@pytest.mark.parametrize(
    ("variable", "values"),
    [
        (of_type("integer", 5, minimum=2, maximum=8), [2, 8]),
        (of_type("number", 0.5, minimum=0, maximum=1), [0, 1, 0.0, 1.0]),
        (of_type("string", "", max_length=3), ["", "abc", "äöü", "\n"]),
        (of_type("boolean", False), [True, False]),
        (of_type("integer", 60, choices=[60, 80]), [60, 80]),
    ],
)
def test_a_value_on_the_bound_is_taken(variable: dict[str, Any], values: list[Any]):
    assert [Variable(**variable).fault(value) for value in values] == [None] * len(values)


@pytest.mark.parametrize(
    ("variable", "fault"),
    [
        (of_type("integer", "x"), "vars.v: the default is 'x'; it must be of type integer"),
        (of_type("integer", 9, maximum=8), "vars.v: the default is 9; it must be at most 8"),
        (of_type("integer", 1, minimum=5, maximum=2), "vars.v: the default is 1; it must be at least 5"),
        (of_type("string", "a", choices=["b"]), "vars.v: the default is 'a'; it can be 'b'"),
        (of_type("integer", 1, choices=[1, "b"]), "vars.v: choices.1 is 'b'; it must be of type integer"),
        (of_type("integer", 1, choices=[1, 9], maximum=5), "vars.v: choices.1 is 9; it must be at most 5"),
        (of_type("string", "", minimum=1), "vars.v: minimum and maximum are for integers and numbers"),
        (of_type("integer", 1, max_length=1), "vars.v: max_length is for strings; the type is integer"),
        (of_type("int", 1), "vars.v.type: should be 'string', 'integer', 'number' or 'boolean'"),
        (of_type("integer", [1]), "vars.v.default: should be text, a number, true or false"),
        (of_type("integer", None), "vars.v.default: should be text, a number, true or false"),
        (of_type("integer", 1, choices=[]), "vars.v.choices: should have at least 1 item"),
        ({"type": "integer"}, "vars.v.default: is missing"),
    ],
)
def test_a_variable_that_contradicts_itself_is_refused(variable: dict[str, Any], fault: str):
    with pytest.raises(InvalidRecipe) as error:
        recipe({"v": variable}, {"width": "${v}"})
    (line,) = str(error.value).splitlines()
    assert line.startswith(fault)


def test_a_variable_that_nothing_uses_is_refused():
    with pytest.raises(InvalidRecipe) as error:
        recipe({"b": of_type("integer", 1), "a": of_type("integer", 1)}, {})
    assert str(error.value).splitlines() == ["vars.b: is used nowhere", "vars.a: is used nowhere"]


def test_a_variable_of_a_misspelt_operation_is_used_all_the_same():
    data = {"schema": 1, "name": "test", "version": 1, "vars": {"v": of_type("integer", 1)}}
    steps = {"hero": {"op": "resise", "with": {"width": "${v}"}}}
    with pytest.raises(InvalidRecipe) as error:
        recipes.parse(data | {"steps": steps, "outputs": {"out": {"from": "hero", "formats": ["jpeg"]}}})
    assert str(error.value) == "steps.hero.op: there is no operation 'resise'; did you mean resize?"


def test_a_reference_to_nothing_is_refused_with_the_nearest_name():
    with pytest.raises(InvalidRecipe) as error:
        recipe({"side": of_type("integer", 1)}, {"width": "${side}", "height": "${sied}"})
    assert str(error.value) == "steps.hero.with.height: there is no variable 'sied'; did you mean side?"


def test_the_facts_of_a_file_are_for_names_only():
    with pytest.raises(InvalidRecipe, match=r"^steps\.hero\.with\.height: there is no variable 'width'"):
        recipe({}, {"height": "${width}"})


def test_a_variable_called_as_a_fact_of_the_file_is_not_what_stands_in_its_name():
    with pytest.raises(InvalidRecipe, match=r"^vars\.width: is used nowhere$"):
        recipe({"width": of_type("integer", 1)}, {}, name="${output}-${width}")


def test_a_job_can_not_fill_in_what_is_no_variable():
    with pytest.raises(InvalidParameter, match=r"The recipe test has no variable 'sied'; did you mean side\?"):
        SIZED.making({"sied": 1})
    with pytest.raises(InvalidParameter, match="The variable side is 0; it must be at least 1"):
        SIZED.making({"side": 0})


def test_a_format_can_be_chosen_by_the_job():
    made = recipe({"format": of_type("string", "webp", choices=["webp", "png"])}, {}, formats=["${format}"])
    assert made.output_names == ("out-webp",)
    assert [output.name for output in made.making({"format": "png"}).outputs] == ["out-png"]
    with pytest.raises(InvalidRecipe, match=r"outputs\.out\.formats\.0: there is no format 'wepb'; did you mean webp"):
        recipe({"format": of_type("string", "wepb")}, {}, formats=["${format}"])


def test_neither_operations_nor_sources_are_filled_in():
    variables = {"v": of_type("string", "black")}
    with pytest.raises(InvalidRecipe, match=r"outputs\.out\.from: there is no step '\$\{v\}'"):
        recipe(variables, {"background": "${v}"}, **{"from": "${v}"})
