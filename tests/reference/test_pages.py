"""What a program prints into docs/ is what it would print now."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image

import reference
from app import recipes
from app.imaging import collectors, encoders, operations
from reference.places import DOCS
from reference.samples import document, logo, photograph

PAGES = reference.pages()
WIDEST = {"operations": 320, "collectors": 480, "recipes": 1100}


@pytest.mark.parametrize("path", PAGES)
def test_the_page_is_fresh(path: str):
    assert (DOCS / path).read_text(encoding="utf-8") == PAGES[path], "run `make docs`"


@pytest.mark.parametrize("name", operations.found())
def test_every_operation_has_a_section_and_a_picture(name: str):
    assert f"\n## {name}\n" in PAGES["operations.md"]
    assert f"](operations/{name}.webp)" in PAGES["operations.md"]


@pytest.mark.parametrize("name", encoders.found())
def test_every_format_has_its_settings(name: str):
    assert f"\n### {name}\n" in PAGES["formats.md"]


@pytest.mark.parametrize("name", collectors.found())
def test_every_collector_has_a_section(name: str):
    assert f"\n## {name}\n" in PAGES["collectors.md"]


@pytest.mark.parametrize("recipe", recipes.built_in(), ids=lambda recipe: recipe.name)
def test_every_built_in_recipe_has_a_section_and_a_picture(recipe: recipes.Recipe):
    assert f"\n### {recipe.name}\n" in PAGES["recipes.md"]
    assert f"](recipes/{recipe.name}.webp)" in PAGES["recipes.md"]


@pytest.mark.parametrize("page", ["operations.md", "formats.md", "collectors.md", "recipes.md"])
def test_what_a_page_links_to_is_there(page: str):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGES[page])
    assert [link for link in links if not (DOCS / link).is_file()] == []


@pytest.mark.parametrize("page", ["operations.md", "formats.md", "collectors.md", "recipes.md"])
def test_what_a_page_points_to_in_another_one_is_there(page: str):
    for path, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", PAGES[page]):
        assert re.search(rf"^#+ {heading}$", PAGES[path or page], re.MULTILINE), (path, heading)


def test_there_are_no_pictures_but_those_that_pages_show():
    shown = {link for page in PAGES.values() for link in re.findall(r"\]\(([a-z]+/[^)]+\.webp)\)", page)}
    assert {str(path.relative_to(DOCS)) for path in DOCS.glob("*/*")} == shown


@pytest.mark.parametrize("path", sorted(DOCS.glob("*/*.webp")), ids=lambda path: path.name)
def test_a_picture_opens_and_is_small(path: Path):
    with Image.open(path) as image:
        image.load()
        assert image.width <= WIDEST[path.parent.name]
    assert path.stat().st_size < (20_000 if path.parent.name == "operations" else 80_000)


def test_the_samples_are_what_the_pages_say_of_them():
    assert len(photograph().data) <= 80_000
    for sample in (photograph(), logo()):
        with Image.open(io.BytesIO(sample.data)) as image:
            assert image.size == sample.size
            assert image.get_format_mimetype() == sample.media_type
            assert image.has_transparency_data == (sample is logo())
    assert document().data.startswith(b"%PDF")


def test_the_logo_in_docs_is_the_one_that_is_drawn():
    with Image.open(DOCS / logo().file) as there, Image.open(io.BytesIO(logo().data)) as drawn:
        assert there.convert("RGBA").tobytes() == drawn.convert("RGBA").tobytes()
