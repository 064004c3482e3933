from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from app.imaging import encoders, libvips
from app.imaging.graph import Graph, Step
from app.imaging.limits import Limits
from app.imaging.operations.resize import Resize
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import Rendering, render
from tests.imaging.collecting import Pieces

LIMIT = 100_000_000
MAX_FRAMES = 500


@dataclass(frozen=True)
class Spec:
    """One output that is no wider than `width`, and never enlarged."""

    name: str
    width: int
    format: str
    settings: dict[str, object]

    def step(self) -> Step:
        return Step(self.name, Resize(width=self.width, without_enlargement=True), "source")

    def output(self) -> Output:
        return Output(self.name, self.name, encoders.found()[self.format](**self.settings))


def spec(width: int = 320, output_format: str = "webp", quality: int = 90, name: str = "", **more: object) -> Spec:
    return Spec(name or f"{width}-{output_format}", width, output_format, {"quality": quality, **more})


def making(specs: Iterable[Spec]) -> Making:
    specs = list(specs)
    return Making(Graph([one.step() for one in specs]), tuple(one.output() for one in specs))


class Darkroom:
    """Renders bytes in an own directory, and opens what came out."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.source = directory / "secret-name.bin"
        self.scratch = directory / "scratch"
        self.scratch.mkdir()

    def render(self, data: bytes, outputs: Iterable[Spec] | None = None, limit: int = LIMIT) -> Rendering:
        self.source.write_bytes(data)
        return render(self.source, making(outputs or [spec()]), self.scratch, Limits(limit, MAX_FRAMES))

    def picture(self, data: bytes, width: int = 320, output_format: str = "webp", quality: int = 95) -> Image.Image:
        """The one output of this width, decoded."""
        rendering = self.render(data, [spec(width, output_format, quality)])
        with Image.open(rendering.files[0].path) as image:
            image.load()
            return image


@pytest.fixture(autouse=True, scope="session")
def _no_libvips_here() -> Iterator[None]:
    """It starts threads, and this process forks: the tests of what it does are in test_png.py, in another process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(libvips, "load", lambda: None)
        yield


@pytest.fixture
def darkroom(tmp_path: Path) -> Darkroom:
    return Darkroom(tmp_path)


@pytest.fixture
def pieces(tmp_path: Path) -> Pieces:
    return Pieces(tmp_path)


@pytest.fixture
def near() -> Callable[[object, object], bool]:
    def _near(actual: tuple[int, ...], expected: tuple[int, ...], tolerance: int = 6) -> bool:
        return len(actual) == len(expected) and all(
            abs(a - b) <= tolerance for a, b in zip(actual, expected, strict=True)
        )

    return _near
