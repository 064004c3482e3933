import errno
import hashlib
import os
from pathlib import Path

import pytest

from app.errors import StorageFull
from app.storage import Store
from tests.factories import files_below


def write(store: Store, content: bytes):
    incoming = store.receive()
    incoming.write(content)
    return incoming


def test_a_file_is_kept_under_the_hash_of_its_content(tmp_path: Path):
    store = Store(tmp_path)
    stored = write(store, b"abc").keep()
    assert stored.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert stored.bytes == 3
    assert store.path(stored.sha256).read_bytes() == b"abc"


def test_the_same_content_is_kept_once(tmp_path: Path):
    store = Store(tmp_path)
    first, second = write(store, b"abc").keep(), write(store, b"abc").keep()
    assert first == second
    assert len(files_below(tmp_path)) == 1


def test_a_discarded_file_leaves_nothing(tmp_path: Path):
    write(Store(tmp_path), b"abc").discard()
    assert files_below(tmp_path) == []


def test_nothing_is_visible_before_keep(tmp_path: Path):
    store = Store(tmp_path)
    incoming = write(store, b"abc")
    incoming.seal()
    assert not store.path(hashlib.sha256(b"abc").hexdigest()).exists()
    incoming.discard()


def test_a_file_is_synced_before_it_gets_its_name_and_its_folder_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without either, a power cut may leave an empty file under a good name; only the order of calls can show it."""
    order = noted_calls(monkeypatch)
    stored = write(Store(tmp_path), b"abc").keep()
    folder = Store(tmp_path).path(stored.sha256).parent
    assert order == ["file", "rename", str(folder), str(folder.parent), str(tmp_path)]


def test_a_file_that_is_there_already_is_synced_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever renamed it may still be before its sync; we answer "kept" only when it is."""
    stored = write(Store(tmp_path), b"abc").keep()
    order = noted_calls(monkeypatch)
    write(Store(tmp_path), b"abc").keep()
    assert order[:2] == ["file", str(Store(tmp_path).path(stored.sha256).parent)]


def test_a_workers_file_is_synced_before_it_gets_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An output is written by the child, which syncs nothing."""
    store = Store(tmp_path)
    with store.scratch() as scratch:
        (scratch / "result").write_bytes(b"result")
        order = noted_calls(monkeypatch)
        stored = store.adopt(scratch / "result")
    assert order[:3] == ["file", "rename", str(store.path(stored.sha256).parent)]


def noted_calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on: "file" for a file that is synced, the path of a folder that is, and "rename"."""
    order: list[str] = []
    sync, rename = os.fsync, Path.rename

    def noting_sync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        order.append(str(path) if path.is_dir() else "file")
        sync(descriptor)

    def noting_rename(path: Path, target: Path) -> Path:
        order.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", noting_sync)
    monkeypatch.setattr(Path, "rename", noting_rename)
    return order


def test_an_adopted_file_moves_and_the_rest_of_the_scratch_goes(tmp_path: Path):
    store = Store(tmp_path)
    with store.scratch() as scratch:
        (scratch / "result").write_bytes(b"result")
        (scratch / "left-over").write_bytes(b"x")
        stored = store.adopt(scratch / "result")
    assert files_below(tmp_path) == [str(store.path(stored.sha256).relative_to(tmp_path))]


def test_a_full_disk_is_a_507(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def no_space(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    incoming = write(Store(tmp_path), b"abc")
    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(StorageFull):
        incoming.keep()
    incoming.discard()
    assert files_below(tmp_path) == []
