"""What is kept of steps: bounded, shared by processes, gone with its original, and never in anybody's way."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.steps import StepCache

ORIGINAL, OTHER = "a" * 64, "b" * 64
KEYS = [f"{number:064x}" for number in range(9)]


@pytest.fixture
def stored() -> set[str]:
    return {ORIGINAL, OTHER}


@pytest.fixture
def make(tmp_path: Path, stored: set[str]) -> Callable[[int], StepCache]:
    return lambda limit: StepCache(tmp_path, limit, stored.__contains__)


def picture(folder: Path, size: int = 10_000) -> Path:
    file = folder / "scratch"
    file.write_bytes(b"x" * size)
    return file


def used(cache: StepCache, sha256: str, key: str, at: int) -> None:
    os.utime(cache.of(sha256)[key], (at, at))


def test_what_is_kept_is_there_for_its_original_alone(make, tmp_path: Path):
    cache = make(1_000_000)
    cache.keep(ORIGINAL, KEYS[0], picture(tmp_path))
    assert [*cache.of(ORIGINAL)] == [KEYS[0]]
    assert cache.of(ORIGINAL)[KEYS[0]].read_bytes() == b"x" * 10_000
    assert cache.of(OTHER) == {}


def test_what_was_not_used_for_the_longest_time_goes_first(make, tmp_path: Path):
    cache = make(1_000_000)
    for at, key in enumerate(KEYS[:4]):
        cache.keep(ORIGINAL if at % 2 else OTHER, key, picture(tmp_path))
        used(cache, ORIGINAL if at % 2 else OTHER, key, 1000 + at)
    cache.touch(OTHER, [KEYS[0], "../" + KEYS[1], "nothing"])
    assert make(25_000).prune() == 2
    assert ([*cache.of(OTHER)], [*cache.of(ORIGINAL)]) == ([KEYS[0]], [KEYS[3]])


def test_no_process_adds_much_before_it_makes_room(make, tmp_path: Path):
    """Whether a dispatcher runs or not."""
    cache = make(160_000)
    for at in range(9 * 9):
        cache.keep(ORIGINAL, f"{at:064x}", picture(tmp_path))
    assert sum(file.stat().st_size for file in cache.of(ORIGINAL).values()) <= 160_000 + 160_000 // 16 + 10_000


def test_a_file_takes_room_however_small_it_is(make, tmp_path: Path):
    cache = make(16_384)
    for key in KEYS:
        cache.keep(ORIGINAL, key, picture(tmp_path, 1))
    cache.prune()
    assert len(cache.of(ORIGINAL)) == 4


@pytest.mark.parametrize("size", [0, 2_012_600])
def test_neither_nothing_nor_more_than_a_picture_may_have_is_kept(make, tmp_path: Path, size: int):
    cache = make(100_000)
    cache.keep(ORIGINAL, KEYS[0], picture(tmp_path, size))
    assert cache.of(ORIGINAL) == {}


def test_what_can_not_be_removed_fails_nobody(make, tmp_path: Path):
    cache = make(1_000_000)
    cache.keep(ORIGINAL, KEYS[0], picture(tmp_path))
    (cache.of(ORIGINAL)[KEYS[0]].parent / KEYS[1]).mkdir()
    cache.keep(ORIGINAL, KEYS[2], picture(tmp_path, 900_000))
    assert [*cache.of(ORIGINAL)]


def test_what_was_made_of_an_original_goes_with_it(make, tmp_path: Path, stored: set[str]):
    cache = make(1_000_000)
    for sha256 in stored:
        cache.keep(sha256, KEYS[0], picture(tmp_path))
    stored.remove(ORIGINAL)
    cache.prune()
    assert (len(cache.of(ORIGINAL)), len(cache.of(OTHER))) == (0, 1)


def test_no_room_keeps_nothing(make, tmp_path: Path):
    make(1_000_000).keep(ORIGINAL, KEYS[0], picture(tmp_path))
    cache = make(0)
    assert cache.prune() == 1
    cache.keep(ORIGINAL, KEYS[1], picture(tmp_path))
    assert cache.of(ORIGINAL) == {}
    assert not [path for path in (tmp_path / "steps").rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", ["../../../escaped", "a", "A" * 64, ""])
def test_nothing_is_kept_under_a_name_that_is_no_key(make, tmp_path: Path, name: str):
    make(1_000_000).keep(ORIGINAL, name, picture(tmp_path))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["scratch"]


def test_only_files_are_kept(make, tmp_path: Path):
    cache = make(1_000_000)
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "folder").mkdir()
    for at, name in enumerate(("link", "folder", "missing")):
        cache.keep(ORIGINAL, KEYS[at], tmp_path / name)
    assert cache.of(ORIGINAL) == {}


def test_a_cache_that_can_not_be_written_is_nobodys_trouble(make, tmp_path: Path):
    (tmp_path / "steps").write_text("a file is in the way")
    cache = make(1_000_000)
    cache.keep(ORIGINAL, KEYS[0], picture(tmp_path))
    cache.touch(ORIGINAL, KEYS)
    assert cache.of(ORIGINAL) == {}
    assert cache.prune() == 0
