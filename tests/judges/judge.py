"""The tests' side of libvips: what is asked is written as in pyvips, and done in the other process."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

ROOT = Path(__file__).parents[2]
Array = np.ndarray[Any, Any]
Size = tuple[int, int]

UNBOUNDED = 10_000_000
"""The side that libvips's `thumbnail_image` is given where only the other one counts."""


@dataclass(frozen=True)
class Asked:
    """A picture and the methods of `pyvips.Image` to be called on it, one after the other."""

    source: dict[str, Any]
    steps: tuple[tuple[str, tuple[Any, ...], dict[str, Any]], ...] = ()

    def __getattr__(self, operation: str) -> Callable[..., "Asked"]:
        if operation.startswith("_"):
            raise AttributeError(operation)
        return lambda *arguments, **options: replace(self, steps=(*self.steps, (operation, arguments, options)))


class Judge:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.judges.vips"],
            cwd=ROOT, env=os.environ | {"VIPS_WARNING": "0"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            pass  # the end of its input is the end of it

    def file(self, content: bytes | Path, **options: object) -> Asked:
        """A file, identified by its content; options are those of libvips's loader for it."""
        path = content if isinstance(content, Path) else self._path("bin")
        if isinstance(content, bytes):
            path.write_bytes(content)
        return Asked({"file": str(path), "options": options})

    def black(self, size: Size) -> Asked:
        return Asked({"black": size})

    def array(self, pixels: Array) -> Asked:
        path = self._path("npy")
        np.save(path, pixels)
        return Asked({"array": str(path)})

    def size(self, asked: Asked) -> Size:
        width, height = self._ask(asked)["size"]
        return width, height

    def corner(self, asked: Asked) -> tuple[int, int]:
        """Left and top of what the last step cut out."""
        left, top = self._ask(asked)["corner"]
        return left, top

    def pixels(self, asked: Asked) -> Array:
        """Rows, columns and channels, in the type that libvips has them in."""
        path = self._path("npy")
        self._ask(asked, pixels=str(path))
        pixels: Array = np.load(path)
        return pixels if pixels.ndim == 3 else pixels[:, :, None]

    def saved(self, asked: Asked, suffix: str, **options: object) -> bytes:
        """A file that libvips writes."""
        path = self._path(suffix)
        self._ask(asked, file=str(path), options=options)
        return path.read_bytes()

    def path(self, content: bytes, suffix: str) -> str:
        """Where the content can be read by the judge, for example a profile."""
        path = self._path(suffix)
        path.write_bytes(content)
        return str(path)

    def _path(self, suffix: str) -> Path:
        return self._folder / f"{next(self._numbers)}.{suffix}"

    def _ask(self, asked: Asked, **wanted: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        question = {"source": asked.source, "steps": asked.steps, **wanted}
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        reply: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in reply:
            raise RuntimeError(f"{reply['error']}, for {question}")
        return reply
