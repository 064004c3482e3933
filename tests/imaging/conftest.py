from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from PIL import Image

from app.imaging.outputs import OutputSpec
from app.imaging.pipeline import Rendering, render

LIMIT = 100_000_000


def spec(width: int = 320, output_format: str = "webp", quality: int = 90, **more: object) -> OutputSpec:
    return OutputSpec(name=f"{width}-{output_format}", width=width, format=output_format, quality=quality, **more)


class Darkroom:
    """Renders bytes in an own directory, and opens what came out."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.source = directory / "secret-name.bin"
        self.scratch = directory / "scratch"
        self.scratch.mkdir()

    def render(self, data: bytes, outputs: Iterable[OutputSpec] | None = None, limit: int = LIMIT) -> Rendering:
        self.source.write_bytes(data)
        return render(self.source, list(outputs or [spec()]), self.scratch, limit)

    def picture(self, data: bytes, width: int = 320, output_format: str = "webp", quality: int = 95) -> Image.Image:
        """The one output of this width, decoded."""
        rendering = self.render(data, [spec(width, output_format, quality)])
        with Image.open(rendering.files[0].path) as image:
            image.load()
            return image


@pytest.fixture
def darkroom(tmp_path: Path) -> Darkroom:
    return Darkroom(tmp_path)


@pytest.fixture
def near() -> Callable[[object, object], bool]:
    def _near(actual: tuple[int, ...], expected: tuple[int, ...], tolerance: int = 6) -> bool:
        return len(actual) == len(expected) and all(
            abs(a - b) <= tolerance for a, b in zip(actual, expected, strict=True)
        )

    return _near
