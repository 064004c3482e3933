"""How a recipe is written down: JSON's data, in YAML or JSON, and nothing that costs more than it weighs."""

import pytest

from app.errors import InvalidRecipe
from app.recipes import load, notation


def refusal(text: str) -> str:
    with pytest.raises(InvalidRecipe) as error:
        notation.read(text)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16:9", "16:9"),  # YAML 1.1 reads 969
        ("12:30:45", "12:30:45"),
        ("no", "no"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("2024-01-01", "2024-01-01"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("0b1", "0b1"),
        ("0x1f", 31),
        ("0o17", 15),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("=", "="),
        ("<<", "<<"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("+4", 4),
        ("0.5", 0.5),
        (".5", 0.5),
        ("2.", 2.0),
        ("1e3", 1000.0),
        ("-1.5E-2", -0.015),
        ("'5'", "5"),
        ('"true"', "true"),
        ("'~'", "~"),
    ],
)
def test_plain_values_are_those_of_yaml_1_2(text: str, value: object):
    found = notation.read(f"key: {text}")["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("key", ["320", "on", "no", "1.50", "true", "null", "2024-01-01", "16:9", "~"])
def test_keys_are_text_as_written(key: str):
    assert notation.read(f"{key}: x") == {key: "x"}


def test_an_integer_stays_one_and_a_float_stays_one():
    assert [type(value) for value in notation.read("[1, 1.0]")] == [int, float]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [1, 2.5, true, null, "x"], "b": {"c": "d"}}',
        '\n  {"a": [1, 2.5, true, null, "x"],\n\t"b": {"c": "d"}}',
        "a: [1, 2.5, true, null, x]\nb: {c: d}\n",
        "{a: [1, 2.5, true, null, x], b: {c: d}}",
        "a:\n- 1\n- 2.5\n- true\n-\n- x\nb:\n  c: d\n",
    ],
)
def test_yaml_and_json_say_the_same(text: str):
    assert notation.read(text) == {"a": [1, 2.5, True, None, "x"], "b": {"c": "d"}}


def test_json_has_escapes_that_yaml_has_not():
    assert notation.read('{"a": "\\ud83d\\ude00 \\/", "b": 1e2}') == {"a": "😀 /", "b": 100.0}


def test_text_of_several_lines():
    assert notation.read("a: |\n  one\n  two\nb: >\n  one\n  two\n") == {"a": "one\ntwo\n", "b": "one two\n"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1\nb: *x", "in line 1, column 4: anchors and aliases are not taken"),
        ("a: *x", "in line 1, column 4: anchors and aliases are not taken"),
        ("&x a: 1", "anchors and aliases are not taken"),
        ("a: 1\nb: 2\na: 3", "in line 3, column 1: 'a' stands twice"),
        ("a: {320: 1, '320': 2}", "in line 1, column 13: '320' stands twice"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "no valid JSON: 'c' stands twice in one object"),
        ("a: !!timestamp 2024-01-01", "in line 1, column 4: tags, here tag:yaml.org,2002:timestamp, are not taken"),
        ("a: !!binary aGk=", "tags, here tag:yaml.org,2002:binary, are not taken"),
        ("a: !!python/object/apply:os.system [ls]", "are not taken"),
        ("a: !!set {x}", "are not taken"),
        ("!x a: 1", "tags, here !x, are not taken"),
        ("? [a, b]\n: 1", "a key is a plain text here"),
        ("? {a: b}\n: 1", "a key is a plain text here"),
        ("a: 1\n---\nb: 2", "in line 2, column 1: a second document begins"),
        ("a: [1, 2", "did not find expected ',' or ']'"),
        ("a: 1\n\tb: 2", "found a tab character that violates indentation"),
        ("a: b: c", "no valid YAML in line 1, column 5"),
        ("a: x\x01y", "control characters are not allowed"),
        ("a: \ud800", "half of a surrogate pair"),
        ('{"a": NaN}', "NaN is not a number that JSON has"),
        ('{"a": -Infinity}', "-Infinity is not a number that JSON has"),
        ("a: " + "9" * 5000, "a number of 5000 digits"),
        ('{"a": ' + "9" * 5000 + "}", "a number of 5000 digits"),
    ],
)
def test_what_json_can_not_say_is_refused_with_its_place(text: str, problem: str):
    assert problem in refusal(text)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 20 + "]" * 20,
        "[" * 50_000,
        "".join(" " * depth + "a:\n" for depth in range(300)),
        "- " * 30_000,
        '{"a":' * 15_000 + "1" + "}" * 15_000,
        '{"a":' * 15_000,
    ],
    ids=["lists", "unclosed", "mappings", "dashes", "json", "unclosed json"],
)
def test_deep_nesting_is_refused(text: str):
    assert "nested too deeply" in refusal(text)


def test_a_document_of_more_than_the_limit_is_refused_and_one_of_just_the_limit_read():
    text = "a: " + "x" * (notation.MAX_BYTES - 3)
    assert notation.read(text) == {"a": "x" * (notation.MAX_BYTES - 3)}
    assert refusal(text + "x") == "The recipe has 500,001 bytes; it may have 500,000."
    assert "it may have" in refusal("a: " + "ü" * (notation.MAX_BYTES // 2))


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 12)]
    assert "in line 1" in refusal("\n".join(lines))


@pytest.mark.parametrize("text", ["", "# only a comment\n", "[]", "hello", "5", "null", "- a\n- b\n", "---\n", "[{}]"])
def test_a_recipe_that_is_no_mapping_is_told_what_one_is(text: str):
    with pytest.raises(InvalidRecipe, match="A recipe is a mapping that begins with `schema: 1`"):
        load(text)
