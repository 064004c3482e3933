"""A recipe that exists is right: every fault is told, with the path that leads to it and a way out."""

from typing import Any

import pytest

from app import recipes
from app.errors import InvalidRecipe

FLIP = {"op": "flip"}
JPEG = {"formats": ["jpeg"]}


def written(**parts: Any) -> dict[str, Any]:
    return {"schema": 1, "name": "test", "version": 1, "outputs": {"out": JPEG}} | parts


def hero(step: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return written(steps={"hero": step}, outputs={"out": {"from": "hero"} | JPEG}, **parts)


def resize(**parameters: Any) -> dict[str, Any]:
    return hero({"op": "resize", "with": parameters})


def encoded(**formats: Any) -> dict[str, Any]:
    return written(outputs={"out": {"formats": [{name: settings} for name, settings in formats.items()]}})


def collected(collect: dict[str, Any]) -> dict[str, Any]:
    return written(collect={"all": collect})


def output(**parts: Any) -> dict[str, Any]:
    return written(outputs={"out": JPEG | parts})


def faults(data: Any) -> list[str]:
    with pytest.raises(InvalidRecipe) as error:
        recipes.parse(data)
    return str(error.value).splitlines()


def test_the_least_recipe():
    recipe = recipes.parse(written())
    assert (recipe.name, recipe.version, recipe.output_names) == ("test", 1, ("out-jpeg",))


def test_several_faults_are_told_at_once():
    step = {"op": "resize", "with": {"width": "wide", "fit": "covr", "hight": 1}}
    assert faults(written(steps={"hero": step}, outputs={"out": {"from": "hro", "formats": ["jpg"]}})) == [
        "outputs.out.from: there is no step 'hro'; did you mean hero?",
        "steps.hero: is not used by any output",
        'steps.hero.with.width: should be an integer (it is "wide")',
        "steps.hero.with.fit: should be 'cover', 'contain', 'fill', 'inside' or 'outside' (it is \"covr\")",
        "steps.hero.with.hight: there is no such key; did you mean height?",
        "outputs.out.formats.0: there is no format 'jpg'; did you mean jpeg?",
    ]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        # keys
        (written(step={}), "step: there is no such key; did you mean steps?"),
        (written(qqq=1), "qqq: there is no such key; there is collect, description, input, name, notify, "),
        (hero({"op": "flip", "form": "source"}), "steps.hero.form: there is no such key; did you mean from?"),
        (hero({"op": "flip", "when": {"widht": {"gt": 1}}}),
         "steps.hero.when.widht: there is no such key; did you mean width?"),
        (hero({"op": "flip", "when": {"width": {"more": 1}}}),
         "steps.hero.when.width.more: there is no such key; there is gt, gte, lt, lte"),
        (output(format="jpeg"), "outputs.out.format: there is no such key; did you mean formats?"),
        (written(input={"max_byte": 1}), "input.max_byte: there is no such key; did you mean max_bytes?"),
        (written(run={"timeuot": 1}), "run.timeuot: there is no such key; did you mean timeout?"),
        (written(vars={"v": {"type": "integer", "default": 1, "min": 0}}),
         "vars.v.min: there is no such key; did you mean minimum?"),
        (hero(FLIP | {"with": {"wide": 1}}), "steps.hero.with.wide: there is no such key"),
        ({"schema": 1, "name": "test", "version": 1}, "outputs: is missing"),
        (hero({"from": "source"}), "steps.hero.op: is missing"),
        (written(outputs={"out": {}}), "outputs.out.formats: is missing"),
        # types of the document's own keys
        (written(schema=2), "schema: should be 1 (it is 2)"),
        (written(version="1"), 'version: should be an integer (it is "1")'),
        (written(version=0), "version: should be greater than or equal to 1 (it is 0)"),
        (written(steps=[]), "steps: should be a mapping (it is [])"),
        (written(steps=None), "steps: should be a mapping (it is null)"),
        (written(outputs={}), "outputs: should have at least 1 item, not 0 (it is {})"),
        (hero("flip"), 'steps.hero: should be a mapping (it is "flip")'),  # type: ignore[arg-type]
        (hero(FLIP | {"with": None}), "steps.hero.with: should be a mapping (it is null)"),
        (hero({"op": 5}), "steps.hero.op: should be text (it is 5)"),
        (written(description="x" * 1001), "description: should have at most 1000 characters"),
        (written(run={"lane": "slow"}), "run.lane: should be 'interactive' or 'bulk' (it is \"slow\")"),
        (written(input={"max_megapixels": 0}), "input.max_megapixels: should be greater than 0 (it is 0)"),
        (written(input={"accept": ["image/png", "image/jpg"]}),
         "input.accept.1: 'image/jpg' is not read; there is image/jpeg"),
        (written(input={"pages": "some"}), "input.pages: should be 'first' or 'all' (it is \"some\")"),
        (written(input={"max_pages": 5}), "input: max_pages is for pages: all; without it, something is made of the"),
        (written(input={"pages": "first", "max_pages": 5}), "input: max_pages is for pages: all"),
        (written(input={"pages": "all", "max_pages": 1000}),
         "input.max_pages: should be less than or equal to 999 (it is 1000)"),
        (written(input={"pages": "all", "dpi": 300}), "input: dpi is for PDFs, which the recipe does not take; put"),
        (written(input={"accept": ["image/tiff"], "dpi": 300}), "input: dpi is for PDFs"),
        (written(input={"accept": ["application/pdf"], "dpi": 35}),
         "input.dpi: should be greater than or equal to 36 (it is 35)"),
        (written(input={"accept": ["application/pdf"], "dpi": 601}),
         "input.dpi: should be less than or equal to 600 (it is 601)"),
        (written(outputs={"a" * 51: JPEG}), f"outputs.{'a' * 51}: is not a name here; names of outputs are of small"),
        # names
        (written(name="Test"), "name: is not a name here; names are of small letters, digits and hyphens"),
        (written(name="test\n"), "name: is not a name here"),
        (written(steps={"Hero Shot": FLIP}),
         "steps.Hero Shot: is not a name here; names are of small letters, digits and hyphens"),
        (written(outputs={"a/b": JPEG}),
         "outputs.a/b: is not a name here; names of outputs are of small letters, digits and hyphens, at most 50"),
        (written(vars={"my-var": {"type": "integer", "default": 1}}),
         "vars.my-var: is not a name here; names of variables are of small letters, digits and _, at most 64"),
        (written(steps={"source": FLIP}), "steps.source: is the name of the picture as it was received"),
        # the graph
        (hero({"op": "resise"}), "steps.hero.op: there is no operation 'resise'; did you mean resize?"),
        (hero({"op": "qqq"}), "steps.hero.op: there is no operation 'qqq'; there is "),
        (hero(FLIP | {"from": "hreo"}), "steps.hero.from: there is no step 'hreo'; did you mean hero?"),
        (output(**{"from": "x"}), "outputs.out.from: there is no step 'x'; there is source"),
        (written(steps={"hero": FLIP}), "steps.hero: is not used by any output"),
        (hero(FLIP | {"from": "hero"}), "steps.hero.from: goes round in a circle: hero → hero"),
        # parameters
        (resize(width="800"), 'steps.hero.with.width: should be an integer (it is "800")'),
        (resize(width=800.5), "steps.hero.with.width: should be an integer (it is 800.5)"),
        (resize(width=True), "steps.hero.with.width: should be an integer (it is true)"),
        (resize(width=0), "steps.hero.with.width: should be greater than or equal to 1 (it is 0)"),
        (resize(width=10**30), "steps.hero.with.width: should be less than or equal to 16384"),
        (resize(width=8, dpr="2"), 'steps.hero.with.dpr: should be a number (it is "2")'),
        (resize(width=8, without_enlargement="yes"),
         'steps.hero.with.without_enlargement: should be true or false (it is "yes")'),
        (resize(width=8, background="reddish"), "steps.hero.with.background: 'reddish' is no colour; write #rrggbb"),
        (hero({"op": "strip", "with": {"keep": ["icc", "exiff"]}}), "steps.hero.with.keep.1: should be 'icc', "),
        (hero({"op": "strip", "with": {"keep": "icc"}}), 'steps.hero.with.keep: should be a list (it is "icc")'),
        (hero({"op": "colorspace"}), "steps.hero.with.to: is missing"),
        # impossible combinations
        (resize(), "steps.hero.with: resize needs width, height or both"),
        (resize(width=9000, dpr=2), "steps.hero.with: width × dpr is 18000; it must be from 1 to 16384"),
        (resize(width=8, height=8, fit="contain", position="entropy"),
         "steps.hero.with: fit contain cuts nothing away"),
        (hero({"op": "crop", "with": {"width": 5, "height": 5, "aspect_ratio": "1:1"}}),
         "steps.hero.with: crop needs either width and height, or aspect_ratio"),
        # conditions
        (hero(FLIP | {"when": {}}), "steps.hero.when: give at least one condition"),
        (hero(FLIP | {"when": {"width": {}}}), "steps.hero.when.width: give at least one of lt, lte, gt, gte"),
        (hero(FLIP | {"when": {"width": {"gt": 5, "lt": 5}}}),
         "steps.hero.when.width: no number is within these bounds"),
        (hero(FLIP | {"when": {"width": 800}}), "steps.hero.when.width: should be a mapping (it is 800)"),
        (hero(FLIP | {"when": {"media_type": ["image/jpg"]}}),
         "steps.hero.when.media_type.0: 'image/jpg' is not read; there is image/jpeg"),
        # formats
        (output(formats=[]), "outputs.out.formats: should have at least 1 item, not 0 (it is [])"),
        (output(formats=["jpg"]), "outputs.out.formats.0: there is no format 'jpg'; did you mean jpeg?"),
        (output(formats=[5]), "outputs.out.formats.0: should be a format, or one with its settings, as in {webp"),
        (output(formats=[{"webp": 75}]), "outputs.out.formats.0: should be a format, or one with its settings"),
        (output(formats=["jpeg", {}]), "outputs.out.formats.1: is not one format with its settings"),
        (output(formats=[{"webp": {}, "jpeg": {}}]), "outputs.out.formats.0: is not one format with its settings"),
        (output(formats=["webp", {"webp": {"quality": 5}}]),
         "outputs.out.formats.1: webp stands twice; make another output of the second one"),
        (encoded(webp={"effort": 7}),
         "outputs.out.formats.0.webp.effort: should be less than or equal to 6 (it is 7)"),
        (encoded(webp={"qualty": 80}),
         "outputs.out.formats.0.webp.qualty: there is no such key; did you mean quality?"),
        (encoded(jpeg={}, tga={}), "outputs.out.formats.1: there is no format 'tga'"),
        # what is collected
        (collected({"op": "zipp", "from": ["out-jpeg"]}), "collect.all.op: there is no collector 'zipp'"),
        (collected({"op": "zip", "from": []}), "collect.all.from: should have at least 1 item, not 0 (it is [])"),
        (collected({"from": ["out-jpeg"]}), "collect.all.op: is missing"),
        (written(results={"expire_after": "soon"}), "results.expire_after: is not a time; write minutes, hours or"),
        (written(results={"expire_after": 30}), "results.expire_after: should be text (it is 30)"),
        (written(run={"on_error": "stop"}), "run.on_error: should be 'continue' or 'cancel' (it is \"stop\")"),
        # file names
        (output(name="photos/${stem}"), "outputs.out.name: is the name of a file, without folders"),
        (output(name="..\\${stem}"), "outputs.out.name: is the name of a file, without folders"),
        (output(name=""), "outputs.out.name: should have at least 1 character"),
        (output(name="${stme}"), "outputs.out.name: there is no 'stme' to put in; did you mean stem?"),
        (written(outputs={"a": JPEG | {"name": "x"}, "b": {"name": "x", "formats": ["webp", {"jpeg": {}}]}}),
         "outputs.b.name: is that of outputs.a too; put ${output} into it"),
        # data that is no recipe's
        ({5: 1, **written()}, "5: is no text, as every key is"),
        (resize(width=8, dpr=float("inf")), "steps.hero.with.dpr: is not a finite number"),
        (resize(width=8, dpr=float("nan")), "steps.hero.with.dpr: is not a finite number"),
        (resize(background="a\0b"), "steps.hero.with.background: has the character U+0000, which no text may have"),
        (written(description="\ud800"), "description: has the character U+D800, which no text may have"),
        (written(**{"a\x1bb": 1}), "a\x1bb: has the character U+001B, which no text may have"),
        (resize(width=(1, 2)), "steps.hero.with.width: is of the type tuple, which a recipe can not hold"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_path(data: Any, fault: str):
    (line,) = faults(data)
    assert line.startswith(fault)


def test_a_circle_of_several_steps_is_told_once_and_whole():
    steps = {"a": FLIP | {"from": "b"}, "b": FLIP | {"from": "c"}, "c": FLIP | {"from": "a"}}
    outputs = {"out": JPEG | {"from": "a"}}
    assert faults(written(steps=steps, outputs=outputs)) == [
        "steps.a.from: goes round in a circle: a → b → c → a"
    ]  # fmt: skip


def test_two_circles_and_a_step_that_leads_into_one():
    steps = {
        "in": FLIP | {"from": "a"}, "a": FLIP | {"from": "b"}, "b": FLIP | {"from": "a"}, "c": FLIP | {"from": "c"},
    }  # fmt: skip
    assert faults(written(steps=steps, outputs={"out": JPEG | {"from": "in"}})) == [
        "steps.a.from: goes round in a circle: a → b → a",
        "steps.c.from: goes round in a circle: c → c",
    ]


def test_a_chain_is_used_by_what_comes_at_its_end_in_whatever_order_it_is_written():
    names = [f"s{at}" for at in range(100)]
    steps = {name: FLIP | {"from": before} for before, name in zip(["source", *names], names, strict=False)}
    backwards = dict(reversed(steps.items()))
    recipe = recipes.parse(written(steps=backwards, outputs={"out": JPEG | {"from": names[-1]}}))
    assert [step.name for step in recipe.making().graph.steps] == names
    (unused,) = faults(written(steps=backwards, outputs={"out": JPEG | {"from": names[-2]}}))
    assert unused == "steps.s99: is not used by any output"


@pytest.mark.parametrize("count", [101, 150])
def test_there_are_no_more_steps_than_the_limit(count: int):
    steps = {f"s{at}": FLIP for at in range(count)}
    (line,) = faults(written(steps=steps))
    assert line.startswith("steps: should have at most 100 items")


def test_of_very_many_faults_the_first_ones_are_told():
    lines = faults(written(**{f"k{at}": 1 for at in range(5000)}))
    assert len(lines) == 21
    assert lines[-1] == "… and more"


def test_a_path_does_not_repeat_a_huge_key():
    (line,) = faults(hero({"op": "flip", "k" * 50_000: 1}))
    assert line == f"steps.hero.{'k' * 60}: there is no such key; there is from, op, when, with"


def test_deep_data_is_refused_before_anything_recurses_into_it():
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    (line,) = faults(resize(width=deep))
    assert line.endswith("is nested too deeply; 16 levels are enough for any recipe")


def test_names_that_yaml_1_1_takes_for_booleans_and_numbers_are_names():
    recipe = recipes.load(
        "schema: 1\nname: on\nversion: 1\n"
        "steps: {no: {op: flip}, 010: {op: flop, from: no}}\n"
        "outputs: {yes: {from: 010, formats: [jpeg]}, 320: {from: no, formats: [webp]}}\n"
    )
    assert recipe.output_names == ("yes-jpeg", "320-webp")


def test_a_recipe_is_the_same_however_it_is_written():
    yaml = "version: 1\nname: test\noutputs:\n  out:\n    formats:\n    - 'jpeg'\nschema: 1\n"
    json = '{"schema": 1, "name": "test", "version": 1, "outputs": {"out": {"formats": ["jpeg"]}}}'
    assert recipes.load(yaml).written == recipes.load(json).written == recipes.parse(written()).written


def test_the_written_form_is_a_recipe_again():
    for recipe in recipes.built_in():
        assert recipes.parse(recipe.written).written == recipe.written


def test_the_built_in_recipes_are_those_of_the_folder_each_in_its_newest_version():
    names = [recipe.name for recipe in recipes.built_in()]
    assert recipes.DEFAULT in names
    assert names == sorted(set(names))
