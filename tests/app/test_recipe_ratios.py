"""What YAML makes of an aspect ratio."""

import pytest

from app.errors import InvalidRecipe
from app.recipes import recipe

RECIPE = """
schema: 1
name: square
version: 1
steps:
  part: {op: crop, with: {aspect_ratio: %s}}
outputs:
  part: {from: part, formats: [jpeg]}
"""


@pytest.mark.parametrize("ratio", ["16:9", "4:3", "1.91:1", "1:1", "'16:9'", "16/9"])
def test_a_ratio_needs_no_quotes(ratio: str) -> None:
    (step,) = recipe.load(RECIPE % ratio).making().graph.steps
    assert step.operation.aspect_ratio == ratio.strip("'")


@pytest.mark.parametrize("ratio", ["169", "1.5", "2026-01-01", "12:30:45"])
def test_what_is_no_ratio_is_refused(ratio: str) -> None:
    with pytest.raises(InvalidRecipe, match=r"steps\.part\.with\.aspect_ratio"):
        recipe.load(RECIPE % ratio)
