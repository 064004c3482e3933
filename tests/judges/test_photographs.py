"""The photographs that judges and measurements look at, and what takes their place."""

from pathlib import Path

import numpy as np
import pytest

from bench import photographs


def test_without_apt_it_is_said_why_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(photographs.NoPhotographs, match=f"{photographs.PACKAGES[0]}: .*apt-get"):
        photographs.originals(tmp_path / "photographs")
    assert not list((tmp_path / "photographs").iterdir())


def test_what_is_unpacked_already_is_not_downloaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photographs, "LARGE", 100)
    folder = tmp_path / photographs.PACKAGES[0]
    folder.mkdir()
    for name, size in (("large.jpg", (20, 10)), ("small.jpg", (9, 9))):
        photographs.made_up(size).save(folder / name)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert photographs.originals(tmp_path) == [folder / "large.jpg"]


def test_a_made_up_picture_is_the_same_each_time_and_as_rough_as_nature() -> None:
    picture = photographs.made_up((256, 256))
    assert picture.tobytes() == photographs.made_up((256, 256)).tobytes()
    spectrum = np.abs(np.fft.rfft2(np.asarray(picture.convert("L"), float))) ** 2
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256)[None, :])
    bands = [(1 / 64, 1 / 32), (1 / 32, 1 / 16), (1 / 16, 1 / 8), (1 / 8, 1 / 4)]
    powers = [spectrum[(frequency >= low) & (frequency < high)].mean() for low, high in bands]
    slope = np.polyfit(np.log(np.mean(bands, axis=1)), np.log(powers), 1)[0]
    assert -3 < slope < -1.2  # of photographs about -2
