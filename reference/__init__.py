"""Prints what stands in docs/ about operations, formats, recipes, errors and settings: `make docs` runs it.

`pages` is all text, which a test compares with the files; `pictures` renders what the pages show.
"""

from collections.abc import Iterator

from app import settings
from reference import collectors, errors, formats, operations, recipes


def pages() -> dict[str, str]:
    """What has to stand in each file, by its path below docs/."""
    return {
        "settings.md": settings.reference(),
        "operations.md": operations.page(),
        "formats.md": formats.page(),
        "collectors.md": collectors.page(),
        "recipes.md": recipes.page(),
        "errors.md": errors.page(),
        "recipe.schema.json": recipes.schema(),
    }


def pictures() -> Iterator[tuple[str, bytes]]:
    """What the pages show: paths below docs/, and the files."""
    yield from operations.pictures()
    yield from collectors.pictures()
    yield from recipes.pictures()
