"""Ours, from a file to the pixels of its result: the whole way, with PNG at its end because that loses nothing."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from app.imaging.encoders.png import Png
from app.imaging.graph import Graph, Step
from app.imaging.limits import Limits
from app.imaging.operation import Operation
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import render

LIMITS = Limits(max_pixels=100_000_000, max_frames=100)


def made(content: bytes | Path, *operations: Operation) -> np.ndarray[Any, Any]:
    """Rows, columns and channels after these operations, one after the other."""
    names = ["source", *(f"step-{at}" for at in range(len(operations)))]
    steps = [Step(name, operation, source) for name, operation, source in zip(names[1:], operations, names)]  # noqa: B905
    making = Making(Graph(steps), (Output("out", names[-1], Png(effort=1)),))
    with tempfile.TemporaryDirectory() as folder:
        source = content if isinstance(content, Path) else Path(folder) / "source.bin"
        if isinstance(content, bytes):
            source.write_bytes(content)
        with Image.open(render(source, making, Path(folder), LIMITS).files[0].path) as image:
            return np.asarray(image.convert("RGBA") if image.mode == "P" else image)
