"""Everything that the docs show is done as it stands there, by the pipeline that workers use."""

import io
import re

import pytest
from PIL import Image

from app import recipes
from app.errors import InvalidRecipe
from app.imaging import operations
from app.imaging.naming import of_page
from reference.operations import Example, examples
from reference.places import DOCS
from reference.recipes import sample_for
from reference.rendering import first_file, rendered

BLOCKS = re.findall(
    r"```yaml\n(.*?)```(?:\n\n[^\n]+\n\n```text\n(.*?)```)?", (DOCS / "recipes.md").read_text("utf-8"), re.DOTALL
)
WORKED = [text for text, faults in BLOCKS if not faults]
FAULTY = [(text, faults) for text, faults in BLOCKS if faults]
every_example = pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.size


@every_example
def test_the_example_of_an_operation_gives_the_size_that_its_graph_foretells(example: Example):
    width, height = size_of(first_file(example.sample, example.recipe))
    if operations.found()[example.name].exact:
        assert (width, height) == example.size
    else:
        assert width <= example.size[0]
        assert height <= example.size[1]


@every_example
def test_the_picture_in_docs_has_the_size_of_the_example(example: Example):
    picture = (DOCS / "operations" / f"{example.name}.webp").read_bytes()
    assert size_of(picture) == size_of(first_file(example.sample, example.recipe)), "run `make docs`"


@every_example
def test_the_example_uses_the_operation_with_the_documented_parameters(example: Example):
    step = example.recipe.document.steps["example"]
    assert (step.op, step.with_) == (example.name, operations.found()[example.name].example)


def test_there_are_four_worked_recipes_and_a_faulty_one():
    assert (len(WORKED), len(FAULTY)) == (4, 1)


@pytest.mark.parametrize("text", WORKED, ids=lambda text: recipes.load(text).name)
def test_a_worked_recipe_makes_all_of_its_outputs(text: str):
    recipe = recipes.load(text)
    with rendered(sample_for(recipe), recipe) as rendering:
        sizes = [size_of(file.path.read_bytes()) for file in rendering.files]
    assert sizes == [(file.width, file.height) for file in rendering.files]
    assert tuple(dict.fromkeys(file.name for file in rendering.files)) == recipe.output_names


def test_the_worked_recipes_give_what_their_descriptions_say():
    sizes = {}
    for text in WORKED:
        recipe = recipes.load(text)
        with rendered(sample_for(recipe), recipe) as rendering:
            sizes |= {of_page(file.name, file.page): (file.width, file.height) for file in rendering.files}
    assert sizes == {
        "banner-webp": (960, 320), "banner-jpeg": (960, 320), "card-webp": (240, 240),
        "large-jpeg": (480, 480), "small-jpeg": (120, 120),
        "feed-avif": (640, 360), "feed-jpeg": (640, 360),
        "page-jpeg-p1": (1333, 889), "page-jpeg-p2": (667, 444), "page-jpeg-p3": (444, 296),
    }  # fmt: skip


@pytest.mark.parametrize(("text", "faults"), FAULTY)
def test_the_faulty_recipe_is_answered_as_the_page_says(text: str, faults: str):
    with pytest.raises(InvalidRecipe) as error:
        recipes.load(text)
    assert f"{error.value}\n" == faults
