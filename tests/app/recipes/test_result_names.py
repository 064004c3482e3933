"""What results are called: a template, into which nothing puts a folder or an invisible character."""

import pytest

from app import recipes
from app.names import name_part, result_name

FACTS = {"stem": "photo", "format": "webp", "width": 320, "height": 180}


def named(template: str, value: object = "v", facts: dict[str, object] = FACTS, type: str = "string") -> str:
    """The name of the file, with a variable of this value."""
    default = {"string": "x", "integer": 1, "number": 0.5, "boolean": False}[type]
    recipe = recipes.parse(
        {
            "schema": 1, "name": "test", "version": 1, "vars": {"v": {"type": type, "default": default}},
            "outputs": {
                "out": {"name": template, "formats": ["webp"]}, "all": {"name": "${output}${v}", "formats": ["webp"]}
            },
        }
    )  # fmt: skip
    return result_name(recipe.result_name("out-webp", facts, {"v": value}), "webp")  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("${stem}-${output}", "photo-out.webp"),
        ("${stem}_${width}x${height}", "photo_320x180.webp"),
        ("${format}.${v}", "webp.v.webp"),
        ("fixed", "fixed.webp"),
        ("사진 ${stem}", "사진 photo.webp"),
    ],
)
def test_the_template_is_filled(template: str, name: str):
    assert named(template) == name


def test_without_a_template_it_is_the_original_and_the_output():
    recipe = recipes.parse({"schema": 1, "name": "t", "version": 1, "outputs": {"a": {"formats": ["jpeg"]}}})
    assert recipe.result_name("a-jpeg", FACTS | {"format": "jpeg"}) == "photo-a"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("a/b", "p-a-b-q.webp"),
        ("../../etc/passwd", "p-..-..-etc-passwd-q.webp"),
        ("/", "p---q.webp"),
        ("C:\\x", "p-C:-x-q.webp"),
        ("a\nb\tc\r", "p-abc-q.webp"),
        ("\u202egpj.exe", "p-gpj.exe-q.webp"),
        ("\u200b", "p--q.webp"),
        ("e\u0301", "p-é-q.webp"),
        ("", "p--q.webp"),
    ],
)
def test_a_value_stays_within_the_name(value: str, name: str):
    assert named("p-${v}-q", value) == name


@pytest.mark.parametrize("stem", ["a/b", "../x", "a\0b", "a\nb"])
def test_nor_does_the_name_of_the_original_lead_anywhere(stem: str):
    name = named("${stem}-${output}", facts=FACTS | {"stem": stem})
    assert name.endswith("-out.webp")
    assert not set(name) & set("/\\\0\n")


@pytest.mark.parametrize(
    ("template", "name"),
    [("${stem}-${output}", "photo-out-p7.webp"), ("fixed", "fixed-p7.webp"), ("${page}_${stem}", "7_photo.webp")],
)
def test_the_page_of_several_is_in_the_name_wherever_the_template_puts_it(template: str, name: str):
    assert named(template, facts=FACTS | {"page": 7}) == name


def test_a_file_of_one_page_is_its_first():
    assert named("${stem}-${page}") == "photo-1.webp"


@pytest.mark.parametrize("value", ["", ".", "..", "   ", "\u200b"])
def test_a_name_of_nothing_becomes_that_of_the_output(value: str):
    assert named("${v}", value) == "out.webp"


@pytest.mark.parametrize(
    ("type", "value", "text"), [("boolean", True, "true"), ("integer", 7, "7"), ("number", 1.5, "1.5")]
)
def test_values_are_written_as_recipes_write_them(type: str, value: object, text: str):
    assert named("${v}-x", value, type=type) == f"{text}-x.webp"


@pytest.mark.parametrize("character", ["x", "ü", "사", "😀"])
def test_a_long_value_leaves_room_for_what_comes_after_it(character: str):
    name = named("${v}-${output}-${width}", character * 1000)
    assert name.endswith("-out-320.webp")
    assert len(name.encode()) <= 255


def test_a_part_of_a_name_is_cut_between_characters():
    assert name_part("사" * 100) == "사" * 60


def test_an_output_in_the_files_own_format_is_found_by_its_name():
    recipe = recipes.parse({"schema": 1, "name": "t", "version": 1, "outputs": {"a-b": {"formats": ["same"]}}})
    assert recipe.result_name("a-b-same", FACTS | {"format": "jpeg"}) == "photo-a-b"
