"""What `make bench` compares makes the same outputs; how fast is measured there, not here."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench import item
from bench.imaging import quality
from bench.imaging.workloads import Output, Workload
from tests.imaging.pictures import blobs

OUTPUTS = tuple(Output(width, form) for width in (160, 80) for form in ("jpeg", "webp", "avif"))


@pytest.mark.parametrize("way", ["pipeline", "bare", "codecs", "pillow", "naive"])
def test_every_way_makes_the_same_sizes_as_near_to_the_source(tmp_path: Path, way: str) -> None:
    if way in ("bare", "codecs"):
        pytest.importorskip("cykooz_resizer")
    source = tmp_path / "source"
    blobs((403, 301)).save(source, "JPEG", quality=95)
    importlib.import_module(f"bench.imaging.{way}").make(Workload("W", "small", "", OUTPUTS).job(source, tmp_path))
    for output in OUTPUTS:
        file = tmp_path / output.file
        with Image.open(file) as image:
            assert image.size == (output.width, round(301 * output.width / 403))
        assert quality.similarity(source, file) >= 0.98


def test_what_an_item_costs_can_be_measured(tmp_path: Path) -> None:
    source = tmp_path / "source"
    blobs((403, 301)).save(source, "JPEG")
    with item.a_store(tmp_path) as store:
        rows = item.measured(Workload("W", "small", "", OUTPUTS), store, source)
    assert [len(row) for row in rows] == [4] * item.ROUNDS


@pytest.mark.parametrize("length", [7, 20, 33])
def test_the_reference_is_what_pillow_resamples_in_floating_point(length: int) -> None:
    picture = np.random.default_rng(1).random((20, 3), np.float32)
    expected = Image.fromarray(picture).resize((3, length), Image.Resampling.LANCZOS)
    assert np.abs(quality.lanczos(picture, length) - np.asarray(expected)).max() < 1e-5
