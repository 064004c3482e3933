"""What is measured: the outputs that are made of a source."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.photographs import Sources

EXTENSIONS = {"jpeg": "jpg", "webp": "webp", "avif": "avif"}
# Darkroom's defaults. Every way is given the same ones, so that what differs is not what the encoder was asked for:
# sharp and pyvips would by themselves encode WebP by method 4 and AVIF by libaom's speed 5.
SETTINGS = {
    "jpeg": {"quality": 80},
    "webp": {"quality": 80, "method": 2},
    "avif": {"quality": 60, "speed": 8},
}


@dataclass(frozen=True, slots=True)
class Output:
    """In sRGB, 4:2:0, without metadata; `width` None is as the source is."""

    width: int | None
    format: str

    @property
    def file(self) -> str:
        return f"{self.width or 'same'}.{EXTENSIONS[self.format]}"


@dataclass(frozen=True, slots=True)
class Workload:
    """`sources` names a field of `Sources`; what takes milliseconds is done `repeat` times for one figure."""

    name: str
    title: str
    sources: str
    outputs: tuple[Output, ...]
    target: float = 0.95
    """How fast the pipeline has to be, in parts of the bare loop's speed."""
    as_sharp: bool = False
    """Whether it must not be slower than sharp."""
    repeat: int = 1

    @property
    def animated(self) -> bool:
        return self.sources == "animations"

    def of(self, sources: Sources) -> tuple[Path, ...]:
        return getattr(sources, self.sources)

    def job(self, source: Path, folder: Path) -> dict[str, Any]:
        """As the ways read it. Outputs of one width stand together, the largest first."""
        outputs = [
            {"width": one.width, "format": one.format, "path": str(folder / one.file), **SETTINGS[one.format]}
            for one in self.outputs
        ]
        return {"source": str(source), "animated": self.animated, "outputs": outputs, "repeat": self.repeat}


_THREE_WIDTHS = tuple(Output(width, form) for width in (1600, 800, 320) for form in ("jpeg", "webp"))
WORKLOADS = (
    Workload("W1", "12 MP JPEG → JPEG 400", "large_jpegs", (Output(400, "jpeg"),)),
    Workload("W2", "12 MP JPEG → JPEG and WebP 320, 800, 1600", "large_jpegs", _THREE_WIDTHS, as_sharp=True),
    Workload("W3", "12 MP JPEG → AVIF 800", "large_jpegs", (Output(800, "avif"),)),
    Workload("W4", "12 MP PNG → WebP 800", "large_pngs", (Output(800, "webp"),), as_sharp=True),
    Workload("W6", "1 MP JPEG → JPEG 200", "small_jpegs", (Output(200, "jpeg"),), target=0.9, repeat=10),
    Workload("W7", "GIF, 24 frames of 480 × 360 → WebP", "animations", (Output(None, "webp"),)),
)
