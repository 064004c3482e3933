"""Samples put through recipes, by the pipeline that workers use."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.imaging.limits import Limits
from app.imaging.pipeline import Rendering, render
from app.recipes import Recipe
from reference.samples import Sample

_LIMITS = Limits(max_pixels=100_000_000, max_frames=100)


@contextmanager
def rendered(sample: Sample, recipe: Recipe) -> Iterator[Rendering]:
    """What the recipe makes of the sample; its files are there until the end."""
    with tempfile.TemporaryDirectory() as folder:
        source, scratch = Path(folder) / "source", Path(folder) / "scratch"
        source.write_bytes(sample.data)
        scratch.mkdir()
        yield render(source, recipe.making(), scratch, recipe.limits(_LIMITS))


def first_file(sample: Sample, recipe: Recipe) -> bytes:
    with rendered(sample, recipe) as rendering:
        return rendering.files[0].path.read_bytes()
