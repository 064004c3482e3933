"""What a plan says is what is made; its memory is what the work adds to a process, within a factor of two."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from app.imaging import encoders, libvips, operations
from app.imaging.limits import Limits
from app.imaging.plan import _ENCODE_MS, _STEP_MS, plan
from app.imaging.reader import traits_of_file

from .conftest import LIMIT, Darkroom, making, spec
from .pictures import exif, gradient, saved

LIMITS = Limits(LIMIT, 500)


@pytest.mark.parametrize("orientation", [1, 6])
def test_the_planned_outputs_are_the_ones_that_are_made(darkroom: Darkroom, orientation: int) -> None:
    specs = [spec(100, "jpeg"), spec(37, "webp"), spec(5000, "avif")]
    made = darkroom.render(saved(gradient((333, 250)), "JPEG", exif=exif(orientation)), specs)
    planned = plan(making(specs), traits_of_file(darkroom.source, LIMITS, 150))
    assert [(o.name, o.format, o.width, o.height) for o in planned.outputs] == [
        (f.name, f.format, f.width, f.height) for f in made.files
    ]


@pytest.mark.parametrize(
    ("size", "width", "kind", "megapixels"),
    [((4000, 3000), 400, "JPEG", 0.19), ((4000, 3000), 1000, "JPEG", 0.75), ((4000, 3000), 1001, "JPEG", 3.0),
     ((4000, 3000), 5000, "JPEG", 12.0), ((400, 300), 40, "PNG", 0.12)],
)  # fmt: skip
def test_the_decoded_pixels_are_those_of_the_scaled_decoding(
    tmp_path: Path, size, width: int, kind, megapixels
) -> None:
    file = tmp_path / "a"
    Image.new("RGB", size).save(file, kind)
    assert plan(making([spec(width)]), traits_of_file(file, LIMITS, 150)).decoded_megapixels == megapixels


@pytest.mark.skipif(libvips.version() is None, reason="Pillow decodes a PNG in full")
@pytest.mark.parametrize(
    ("mode", "width", "megapixels"),
    [("RGB", 400, 0.48), ("RGB", 2000, 12.0), ("RGBA", 400, 12.0), ("P", 400, 12.0), ("I;16", 400, 12.0)],
)
def test_a_large_png_is_decoded_at_a_fraction_too(tmp_path: Path, mode: str, width: int, megapixels: float) -> None:
    file = tmp_path / "a"
    Image.new(mode, (4000, 3000)).save(file, "PNG", compress_level=1)
    assert plan(making([spec(width)]), traits_of_file(file, LIMITS, 150)).decoded_megapixels == megapixels


SLACK = 8_000_000
"""What allocators and codecs take or have already, whatever the picture."""
MEASURE = """
import re, sys
from pathlib import Path
from tests.imaging.conftest import making, spec
from app.imaging import libvips
from app.imaging.pipeline import Limits, render
libvips.load()  # as the workers do, before they fork
wanted = making([spec(int(width), format) for width, format in (word.split(":") for word in sys.argv[3:])])
peak = lambda: int(re.search("VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
before = peak()
render(Path(sys.argv[1]), wanted, Path(sys.argv[2]), Limits(10**9, 500))
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("kind", "size", "outputs"),
    [("JPEG", (6000, 4000), ["400:jpeg"]), ("JPEG", (6000, 4000), ["1600:jpeg", "800:webp", "320:webp"]),
     ("PNG", (6000, 4000), ["800:webp"]), ("PNG", (4000, 3000), ["4000:webp"])],
)  # fmt: skip
def test_the_planned_memory_is_near_that_of_the_process(tmp_path: Path, kind: str, size, outputs: list[str]) -> None:
    file = tmp_path / "a"
    Image.effect_noise((600, 400), 50).resize(size).convert("RGB").save(file, kind)
    wanted = making([spec(int(width), form) for width, form in (word.split(":") for word in outputs)])
    planned = plan(wanted, traits_of_file(file, LIMITS, 150)).memory_bytes
    command = [sys.executable, "-c", MEASURE, str(file), str(tmp_path), *outputs]
    used = int(subprocess.run(command, capture_output=True, check=True, text=True).stdout) * 1024
    assert planned / 2 - SLACK < used < planned * 2 + SLACK, f"planned {planned:,}, used {used:,}"


def test_more_pixels_and_harder_formats_take_longer(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    Image.new("RGB", (400, 300)).save(small, "JPEG")
    Image.new("RGB", (4000, 3000)).save(large, "JPEG")
    seconds = [
        plan(making(specs), traits_of_file(file, LIMITS, 150)).seconds
        for file, specs in (
            (small, [spec(100, "jpeg")]), (large, [spec(100, "jpeg")]), (large, [spec(1000, "jpeg")]),
            (large, [spec(1000, "webp")]), (large, [spec(1000, "webp"), spec(1000, "avif")]),
        )
    ]  # fmt: skip
    assert seconds == sorted(seconds)
    assert len(set(seconds)) == 5


def test_more_effort_and_a_quality_that_is_looked_for_take_longer(tmp_path: Path) -> None:
    file = tmp_path / "a"
    Image.new("RGB", (4000, 3000)).save(file, "JPEG")
    seconds = [
        plan(making([spec(1000, "webp", **settings)]), traits_of_file(file, LIMITS, 150)).seconds
        for settings in ({"effort": 0}, {}, {"effort": 6}, {"effort": 6, "quality": "auto"})
    ]
    assert seconds == sorted(set(seconds))


@pytest.mark.parametrize("name", [*operations.found(), *encoders.found()])
def test_the_cost_of_everything_is_known(name: str) -> None:
    assert name in {*_STEP_MS, *_ENCODE_MS, "same"}
