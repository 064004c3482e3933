"""`when`: a step whose condition does not hold lets its picture pass."""

from typing import Any

import pytest

from app import recipes
from app.imaging.condition import Condition, Traits

LANDSCAPE = Traits((1200, 800), "image/jpeg", frames=1, alpha=False)
GIF = Traits((1200, 800), "image/gif", frames=12, alpha=True)


def sizes(steps: dict[str, Any], traits: Traits) -> dict[str, tuple[int, int]]:
    outputs = {name: {"from": name, "formats": ["webp"]} for name in steps}
    recipe = recipes.parse({"schema": 1, "name": "t", "version": 1, "steps": steps, "outputs": outputs})
    return recipe.making().graph.sizes(traits)


def holds(traits: Traits, **condition: Any) -> bool:
    step = {"op": "resize", "with": {"width": 10, "height": 10}, "when": condition}
    return sizes({"hero": step}, traits)["hero"] == (10, 10)


@pytest.mark.parametrize(
    "condition",
    [
        {"width": {"gt": 1199}},
        {"width": {"gte": 1200, "lte": 1200}},
        {"height": {"lt": 801}},
        {"megapixels": {"gte": 0.96, "lte": 0.96}},
        {"aspect_ratio": {"gte": 1.5, "lt": 1.51}},
        {"orientation": "landscape"},
        {"animated": False},
        {"alpha": False},
        {"media_type": ["image/png", "image/jpeg"]},
        {"width": {"gt": 1000}, "height": {"lt": 1000}, "animated": False},
    ],
)
def test_it_holds(condition: dict[str, Any]):
    assert holds(LANDSCAPE, **condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"width": {"gt": 1200}},
        {"width": {"lt": 1200}},
        {"height": {"gte": 800, "lt": 800.5}, "width": {"lt": 5}},
        {"megapixels": {"lt": 0.96}},
        {"orientation": "portrait"},
        {"orientation": "square"},
        {"animated": True},
        {"alpha": True},
        {"media_type": ["image/png"]},
    ],
)
def test_it_does_not_hold(condition: dict[str, Any]):
    assert not holds(LANDSCAPE, **condition)


def test_an_animation_with_transparency():
    assert holds(GIF, animated=True, alpha=True, media_type=["image/gif"])


def test_a_square_is_neither_landscape_nor_portrait():
    square = Traits((5, 5), "image/png", 1, alpha=False)
    assert [holds(square, orientation=name) for name in ("landscape", "portrait", "square")] == [False, False, True]


def test_sizes_are_those_of_the_picture_that_reaches_the_step():
    steps = {
        "square": {"op": "crop", "with": {"aspect_ratio": "1:1"}},
        "wide": {"op": "resize", "from": "square", "with": {"width": 50}, "when": {"orientation": "landscape"}},
        "small": {"op": "resize", "from": "wide", "with": {"width": 20}, "when": {"width": {"lte": 800}}},
    }
    assert sizes(steps, LANDSCAPE) == {
        "source": (1200, 800),
        "square": (800, 800),
        "wide": (800, 800),
        "small": (20, 20),
    }


@pytest.mark.parametrize("bounds", [{"gt": 5, "lt": 5}, {"gte": 6, "lte": 5}, {"gt": 5, "lte": 5}, {"gte": 5, "lt": 5}])
def test_bounds_that_no_number_is_within_are_refused(bounds: dict[str, float]):
    with pytest.raises(ValueError, match="no number is within these bounds"):
        Condition.model_validate({"width": bounds})


@pytest.mark.parametrize(
    "bounds", [{"gte": 5, "lte": 5}, {"gt": 5, "lt": 5.5}, {"lt": -1}, {"gt": 0}, {"gt": 1, "gte": 2}]
)
def test_bounds_that_a_number_is_within_are_taken(bounds: dict[str, float]):
    Condition.model_validate({"width": bounds})
