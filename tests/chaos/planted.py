"""Faults to plant in what a run has left: at least one for every sentence that the checker can say."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.ledger import ACCEPTED, DELETED, DELETING
from tests.chaos.remains import GOOD, Remains

_JOB = "id = (SELECT min(id) FROM jobs)"
_ITEM = "(SELECT min(id) FROM items WHERE state = 'succeeded')"
_AVIF = f"name = '800-avif' AND item_id = {_ITEM}"
_AN_EVENT = (
    f"INSERT INTO events (item_id, at, kind, attempt) SELECT id, finished_at, ?, ? FROM items WHERE id = {_ITEM}"
)


@dataclass(frozen=True, slots=True)
class Planted:
    kind: str
    words: str
    """What the checker has to say about it."""
    plant: Callable[[Remains], None]


ALL: list[Planted] = []


def planted(kind: str, words: str) -> Callable[[Callable[[Remains], None]], Callable[[Remains], None]]:
    def register(plant: Callable[[Remains], None]) -> Callable[[Remains], None]:
        ALL.append(Planted(kind, words, plant))
        return plant

    return register


def _change(kind: str, words: str, name: str, statement: str, *values: object) -> None:
    """A fault that is one statement."""

    def plant(left: Remains) -> None:
        left.sql(statement, *values)

    plant.__name__ = name
    planted(kind, words)(plant)


# lost ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@planted("lost", "its job is not there")
def a_job_gone(left: Remains) -> None:
    for table in ("events", "outputs", "items", "assets", "jobs"):
        left.sql(f"DELETE FROM {table}")


@planted("lost", "its item is not there")
def an_item_gone(left: Remains) -> None:
    left.sql(f"UPDATE jobs SET total = total - 1, succeeded = succeeded - 1 WHERE {_JOB}")
    for table, column in (("events", "item_id"), ("outputs", "item_id"), ("items", "id")):
        left.sql(f"DELETE FROM {table} WHERE {column} = (SELECT max(id) FROM items WHERE state = 'succeeded')")


for state in ("pending", "queued", "running"):
    _change(
        "lost", f"was accepted and is {state}", f"an_item_{state}",
        f"UPDATE items SET state = '{state}', finished_at = NULL WHERE id = {_ITEM}",
    )  # fmt: skip


@planted("lost", "is not there")
def a_result_gone(left: Remains) -> None:
    left.file(left.value(f"SELECT sha256 FROM outputs WHERE {_AVIF}")).unlink()


@planted("lost", "is not there")
def an_original_gone(left: Remains) -> None:
    left.file(left.value("SELECT sha256 FROM assets LIMIT 1")).unlink()


# doubled ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

_change(
    "doubled", "has outputs of attempt 2", "outputs_of_two_attempts", f"UPDATE outputs SET attempt = 2 WHERE {_AVIF}"
)
_change(
    "doubled", "the item's is 2", "all_outputs_of_an_older_attempt", f"UPDATE items SET attempt = 2 WHERE id = {_ITEM}"
)
_change(
    "doubled", "which the recipe does not have", "an_output_too_many", f"UPDATE outputs SET name = 'x' WHERE {_AVIF}"
)
_change("doubled", "succeeded again in attempt 1", "a_second_success", _AN_EVENT, "succeeded", 1)
_change("doubled", "was claimed after", "the_same_attempt_twice", _AN_EVENT, "claimed", 1)
_change("doubled", "was claimed after", "an_attempt_left_out", _AN_EVENT, "claimed", 3)
_change("doubled", "interrupted attempt 0 after 1", "an_attempt_that_goes_back", _AN_EVENT, "interrupted", 0)
_change(
    "doubled",
    "and has 7 outputs",
    "outputs_of_a_canceled_item",
    f"UPDATE items SET state = 'canceled' WHERE id = {_ITEM}",
)


@planted("doubled", "2 times")
def the_same_output_twice(left: Remains) -> None:
    """Into a table that, unlike ours, allows it."""
    left.sql("CREATE TABLE other AS SELECT * FROM outputs")
    left.sql("DROP TABLE outputs")
    left.sql("ALTER TABLE other RENAME TO outputs")
    left.sql(f"INSERT INTO outputs SELECT * FROM outputs WHERE {_AVIF}")


@planted("doubled", "4 items; 3 were sent")
def an_item_more_than_was_sent(left: Remains) -> None:
    items = [
        {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "good": True} for name, content in GOOD.items()
    ]
    left.sql(f"UPDATE items SET job_id = (SELECT id FROM jobs WHERE {_JOB}), position = 99 WHERE state = 'failed'")
    left.promise(ACCEPTED, left.jobs[0], items=items)


# torn ────────────────────────────────────────────────────────────────────────────────────────────────────────────────


@planted("torn", "has another SHA-256")
def a_result_cut_off(left: Remains) -> None:
    path = left.file(left.value(f"SELECT sha256 FROM outputs WHERE {_AVIF}"))
    path.write_bytes(path.read_bytes()[:-20])


@planted("torn", "has another SHA-256")
def a_bit_of_an_original_turned(left: Remains) -> None:
    path = left.file(left.value("SELECT sha256 FROM assets LIMIT 1"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@planted("torn", "can not be decoded")
def a_result_that_is_no_picture(left: Remains) -> None:
    content = b"its hash and its length are what the row says"
    sha256 = hashlib.sha256(content).hexdigest()
    left.file(sha256).parent.mkdir(exist_ok=True)
    left.file(sha256).write_bytes(content)
    left.sql(f"UPDATE outputs SET sha256 = ?, bytes = ? WHERE {_AVIF}", sha256, len(content))


_change("torn", "its row says", "another_width", f"UPDATE outputs SET width = width + 1 WHERE {_AVIF}")
_change("torn", "its row says", "another_type", f"UPDATE outputs SET media_type = 'image/png' WHERE {_AVIF}")
_change("torn", "its file has", "another_length", f"UPDATE outputs SET bytes = bytes + 1 WHERE {_AVIF}")
_change("torn", "has no output 800-avif", "an_output_missing", f"DELETE FROM outputs WHERE {_AVIF}")


@planted("torn", "not what was sent")
def another_original(left: Remains) -> None:
    left.promise(ACCEPTED, left.jobs[0], items=[{"name": name, "sha256": "0" * 64, "good": True} for name in GOOD])


@planted("torn", "is a good photo and was called damaged-file")
def a_good_photo_refused(left: Remains) -> None:
    _call(left, good=True)


@planted("torn", "is no photo and succeeded")
def a_bad_file_that_succeeded(left: Remains) -> None:
    _call(left, good=False)


def _call(left: Remains, *, good: bool) -> None:
    hashes = [left.value(f"SELECT sha256 FROM assets WHERE name = '{name}'") for name in ("d.jpg", "bad.jpg")]
    left.promise(ACCEPTED, left.jobs[1], items=[{"name": "?", "sha256": sha256, "good": good} for sha256 in hashes])


# orphaned ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@planted("orphaned", "no row names it")
def a_file_without_a_row(left: Remains) -> None:
    folder = left.media / "objects" / "ff"
    folder.mkdir(exist_ok=True)
    (folder / ("f" * 64)).write_bytes(b"x")


@planted("orphaned", "no row names it")
def a_file_at_another_address(left: Remains) -> None:
    path = left.file(left.value(f"SELECT sha256 FROM outputs WHERE {_AVIF}"))
    (left.media / "objects" / "zz").mkdir()
    path.rename(left.media / "objects" / "zz" / path.name)


@planted("orphaned", "is a temporary file")
def a_temporary_file(left: Remains) -> None:
    (left.media / "tmp" / "upload-x").write_bytes(b"x")


@planted("orphaned", "is a temporary file")
def a_file_beside_the_folders(left: Remains) -> None:
    (left.media / "objects" / "x").write_bytes(b"x")


_change(
    "orphaned", "belongs to no item", "an_asset_without_an_item",
    "INSERT INTO assets (id, name, sha256, bytes, created_at)"
    " SELECT '0', name, sha256, bytes, created_at FROM assets LIMIT 1",
)  # fmt: skip
_change(
    "orphaned", "names no row of items", "an_output_without_an_item", f"UPDATE outputs SET item_id = '0' WHERE {_AVIF}"
)


@planted("orphaned", "was deleted and is there")
def a_deleted_job(left: Remains) -> None:
    left.promise(DELETING, left.jobs[0])
    left.promise(DELETED, left.jobs[0])


# miscounted ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_change("miscounted", "total is 4; its items give 3", "a_total", f"UPDATE jobs SET total = total + 1 WHERE {_JOB}")
_change("miscounted", "succeeded is 2; its items give 3", "a_count", f"UPDATE jobs SET succeeded = 2 WHERE {_JOB}")
_change(
    "miscounted",
    "is partial; its items give succeeded",
    "a_job's_state",
    f"UPDATE jobs SET state = 'partial' WHERE {_JOB}",
)
_change("miscounted", "finished_at is None", "a_job_without_an_end", f"UPDATE jobs SET finished_at = NULL WHERE {_JOB}")
_change(
    "miscounted",
    "finished_at is None",
    "an_item_without_an_end",
    f"UPDATE items SET finished_at = NULL WHERE id = {_ITEM}",
)
_change("miscounted", "its timeline ends with interrupted", "another_last_word", _AN_EVENT, "interrupted", 1)
_change("miscounted", "its timeline at 2", "an_attempt_that_is_not_told", _AN_EVENT, "claimed", 2)
