"""One item's way through a worker, in a real child process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import items, jobs, owners
from app.dispatch import Due
from app.models import EventKind, ItemState
from app.storage import Store
from tasks.process import Processor
from tests import rows
from tests.factories import photo, received, submitted

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


def submit(store: Store, content: bytes, name: str = "my photo.jpg") -> Due:
    return jobs.submit([received(store, name, content)], store.has).due[0]


def test_a_photo_becomes_the_recipes_outputs(processor: Processor, store: Store):
    waiting = submit(store, photo(100, 50))
    processor.process(waiting.id, "host:7")
    row = rows.only_item()
    assert row.state == ItemState.SUCCEEDED
    assert [(o.filename, o.media_type, o.width, o.height) for o in row.outputs][:3] == [
        ("my photo-320.jpg", "image/jpeg", 100, 50),
        ("my photo-320.webp", "image/webp", 100, 50),
        ("my photo-800.jpg", "image/jpeg", 100, 50),
    ]
    assert (row.asset.media_type, row.asset.width, row.asset.height) == ("image/jpeg", 100, 50)
    assert row.data is not None
    assert set(row.data) == {"placeholder", "dominant_color"}
    assert {output.attempt for output in row.outputs} == {row.attempt} == {1}
    for output in row.outputs:
        assert store.path(output.sha256).stat().st_size == output.bytes
    assert [(event.kind, event.worker) for event in row.events] == [
        (EventKind.CLAIMED, "host:7"), (EventKind.SUCCEEDED, "host:7"),
    ]  # fmt: skip


def test_a_second_message_does_nothing(processor: Processor, store: Store):
    waiting = submit(store, photo())
    processor.process(waiting.id, "worker")
    before = rows.only_item()
    processor.process(waiting.id, "worker")
    after = rows.only_item()
    assert (after.finished_at, after.attempt, len(after.events)) == (before.finished_at, 1, 2)


def test_the_pool_process_is_the_owner_and_not_the_child_that_it_forks(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """The child may be killed at any time; whose death means that the item is free is who would record its end."""
    seen: list[str | None] = []
    is_held = items.is_held

    def noting(claim: items.Claim) -> bool:
        seen.append(rows.item(claim.item_id).owner)
        return is_held(claim)

    monkeypatch.setattr(items, "is_held", noting)
    monkeypatch.setattr("tasks.work.LOOK_SECONDS", 0.001)
    processor.process(submit(store, photo(99, 99)).id, "worker")
    assert set(seen) == {owners.this_process()}


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "empty-file", "JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF or BMP"),
        (b"PK\x03\x04 hello", "unsupported-file", "JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF or BMP"),
        (b"%PDF-1.7 hello", "unsupported-file", "Take the recipe pdf-pages"),
        (photo(90, 90)[:400], "damaged-file", "JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF or BMP"),
        (photo(101, 100), "too-many-pixels", "MAX_PIXELS"),
    ],
)
def test_a_bad_file_fails_at_once_with_its_name_and_the_reason(
    processor: Processor, store: Store, content: bytes, code: str, words: str
):
    waiting = submit(store, content)
    processor.process(waiting.id, "worker")
    row = rows.only_item()
    assert (row.state, row.error_code, row.outputs, row.strikes) == (ItemState.FAILED, code, [], 0)
    assert row.error is not None
    assert row.error.startswith("my photo.jpg: ")
    assert words in row.error


def test_equal_files_share_what_is_stored_and_have_names_of_their_own(processor: Processor, store: Store):
    first, second = submit(store, photo(), "a.jpg"), submit(store, photo(), "b.jpg")
    for waiting in (first, second):
        processor.process(waiting.id, "worker")
    one, other = rows.item(first.id).outputs, rows.item(second.id).outputs
    assert [output.sha256 for output in one] == [output.sha256 for output in other]
    assert (one[0].filename, other[0].filename) == ("a-320.jpg", "b-320.jpg")


def test_no_scratch_file_is_left(processor: Processor, store: Store, unfinished: Callable[[], list[Path]]):
    for content in (photo(), photo(90, 90)[:400]):
        processor.process(submitted(store).due[0].id, "worker")
        processor.process(submit(store, content).id, "worker")
    assert unfinished() == []


def test_work_whose_lease_was_lost_at_the_very_end_is_discarded(
    processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch
):
    """Another worker takes the item over after the last look at the lease, and before the end is recorded."""
    waiting = submit(store, photo())
    succeed = items.succeed

    def overtaken(claim: items.Claim, *arguments: Any) -> bool:
        assert items.hand_back(claim)
        return succeed(claim, *arguments)

    monkeypatch.setattr(items, "succeed", overtaken)
    processor.process(waiting.id, "worker")
    assert (rows.only_item().state, rows.only_item().outputs) == (ItemState.PENDING, [])
