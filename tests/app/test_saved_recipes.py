"""Recipes that people save: versions that never change, and jobs that use them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from app import recipes
from app.database import transaction
from app.errors import InvalidRecipe, UnknownRecipe
from app.models import SavedRecipe
from app.recipes import parse


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def written(width: int = 100, **more: object) -> dict[str, object]:
    return {
        "schema": 1, "name": "mine",
        "steps": {"small": {"op": "resize", "with": {"width": width}}},
        "outputs": {"small": {"from": "small", "formats": ["webp"]}},
    } | more  # fmt: skip


def test_the_first_version_is_1_and_a_change_makes_the_next():
    assert recipes.save(parse(written(100))).version == 1
    assert recipes.save(parse(written(200))).version == 2
    assert recipes.versions("mine") == [1, 2]
    assert [recipes.find("mine", version).written for version in (1, 2)] == [
        written(100, version=1), written(200, version=2),
    ]  # fmt: skip
    assert recipes.latest("mine").version == recipes.asked_for("mine").version == 2
    assert recipes.asked_for("mine@1").version == 1


def test_saving_the_same_again_makes_no_version():
    """However it is written: the order of keys and the spelling of numbers are not what a recipe says."""
    first = recipes.save(parse(written()))
    again = recipes.load("{outputs: {small: {formats: [webp], from: small}}, name: mine, schema: 1,"
                         " steps: {small: {with: {width: 0x64}, op: resize}}}")  # fmt: skip
    assert recipes.save(again).written == first.written
    assert recipes.versions("mine") == [1]


def test_a_document_may_name_the_next_version_and_no_other():
    recipes.save(parse(written(version=1)))
    assert recipes.save(parse(written(200, version=2))).version == 2
    with pytest.raises(InvalidRecipe, match="version: is 2; the next one of mine is 3"):
        recipes.save(parse(written(300, version=2)))
    assert recipes.find("mine", 2).written["steps"]["small"]["with"] == {"width": 200}


def test_two_who_save_at_once_make_two_versions(context: Flask):
    def save(width: int) -> int:
        with context.app_context():
            return recipes.save(parse(written(width))).version

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(save, range(100, 108))) == list(range(1, 9))


def test_a_built_in_recipe_can_not_be_replaced():
    with pytest.raises(InvalidRecipe, match="name: web-images is a built-in recipe"):
        recipes.save(parse(written(name="web-images")))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("web-image", "There is no recipe 'web-image'; did you mean web-images?"),
        ("web-images@7", "There is no version 7 of a recipe web-images."),
        ("web-images@", "The version of a recipe is a number, as in web-images@1; '' is none."),
        ("web-images@²", "'²' is none"),
        ("x" * 500, f"There is no recipe '{'x' * 64}'"),
    ],
)
def test_a_recipe_that_is_not_there_is_told_with_the_nearest(asked: str, sentence: str):
    with pytest.raises(UnknownRecipe) as caught:
        recipes.asked_for(asked)
    assert sentence in str(caught.value)


def test_the_default_recipe_comes_first_and_each_in_its_newest_version():
    recipes.save(parse(written()))
    recipes.save(parse(written(200)))
    found = recipes.all_latest()
    assert found[0].name == recipes.DEFAULT
    assert [recipe.version for recipe in found if recipe.name == "mine"] == [2]


def test_one_that_this_release_does_not_understand_breaks_nothing():
    """Another release has saved it; it is left out of lists, refused where it is named, and can have a next version."""
    with transaction() as session:
        session.add(SavedRecipe(name="mine", version=1, document='{"schema": 1, "name": "mine", "outputs": {}}'))
    assert "mine" not in [recipe.name for recipe in recipes.all_latest()]
    with pytest.raises(InvalidRecipe):
        recipes.latest("mine")
    assert recipes.save(parse(written())).version == 2
    assert recipes.latest("mine").version == 2


def test_there_are_so_many_names_and_no_more(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recipes, "MAX_SAVED", 2)
    for name in ("one", "two"):
        recipes.save(parse(written(name=name)))
    with pytest.raises(InvalidRecipe, match="There are 2 recipes already"):
        recipes.save(parse(written(name="three")))
    assert recipes.save(parse(written(200, name="two"))).version == 2


@pytest.mark.parametrize("name", ["mine\0", "Mine", "mine ", "é", ""])
def test_what_is_no_name_is_no_recipe(name: str):
    recipes.save(parse(written()))
    assert recipes.versions(name) == []
    with pytest.raises(UnknownRecipe):
        recipes.find(name, 1)
