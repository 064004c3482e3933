"""Ours, from a file to the pixels of its result: the whole way, with PNG at its end because that loses nothing."""

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from app.imaging.encoders.png import Png
from app.imaging.graph import SOURCE, Graph, Step
from app.imaging.limits import Limits
from app.imaging.operation import Operation
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import render

from .judge import Array

LIMITS = Limits(max_pixels=100_000_000, max_frames=100)


def made(content: bytes | Path, *operations: Operation) -> Array:
    """Rows, columns and channels after these operations, one after the other."""
    names = [SOURCE, *(f"step-{at}" for at in range(len(operations)))]
    steps = [Step(name, operation, source) for name, operation, source in zip(names[1:], operations, names)]  # noqa: B905
    return _rendered(content, steps, names[-1:])[0]


def made_together(content: bytes | Path, *operations: Operation) -> list[Array]:
    """The same after each of these operations alone, all in one go."""
    steps = [Step(f"step-{at}", operation, SOURCE) for at, operation in enumerate(operations)]
    return _rendered(content, steps, [step.name for step in steps])


def _rendered(content: bytes | Path, steps: list[Step], wanted: list[str]) -> list[Array]:
    making = Making(Graph(steps), tuple(Output(name, name, Png(effort=1)) for name in wanted))
    with tempfile.TemporaryDirectory() as folder:
        source = content if isinstance(content, Path) else Path(folder) / "source.bin"
        if isinstance(content, bytes):
            source.write_bytes(content)
        return [_pixels(file.path) for file in render(source, making, Path(folder), LIMITS).files]


def _pixels(path: Path) -> Array:
    with Image.open(path) as image:
        pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]
