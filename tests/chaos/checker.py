"""The judge of a chaos run: it reads the database, the files and the clients' ledger, and shares no code with Darkroom.

Nothing may run any more, and the collection must have run. What it finds is

lost      an accepted item that is not there or has not ended, and a file of an accepted item that is not there
doubled   two results where there may be one: outputs of two attempts, two successes, an output more than once
torn      a file that is not what its row says, or can not be decoded; an output missing; a wrong verdict on a file
orphaned  a file that no row names, a temporary file, a row without what it belongs to, a job that was deleted
miscounted  a count, a state or a time that does not follow from the items
"""

import hashlib
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

KINDS = ("lost", "doubled", "torn", "orphaned", "miscounted")
OUTPUTS = {
    "web-images": frozenset({"320-jpeg", "320-webp", "800-jpeg", "800-webp", "800-avif", "1600-jpeg", "1600-webp"}),
    "contact-sheet": frozenset({"small-jpeg"}),
}
"""What these recipes make of each photo."""
_SHEET = re.compile(r"contact-sheet(-\d+)?-jpg")
"""What the recipe contact-sheet makes of the photos of a whole job: one sheet, or several that are numbered."""

_FINAL = ("succeeded", "failed", "quarantined", "canceled")
_BAD_FILE = ("damaged-file", "unsupported-file", "empty-file", "too-many-pixels")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    kind: str
    subject: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}: {self.sentence}"


def check(database: Path, media: Path, ledger: Path) -> list[Finding]:
    """Everything that is wrong; an empty list where nothing is."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = lambda cursor, row: dict(zip([c[0] for c in cursor.description], row, strict=True))
        rows = _Rows(connection)
        return [
            *_database(connection),
            *_promises(rows, ledger),
            *_jobs(rows),
            *_items(rows),
            *_sheets(rows),
            *_timelines(rows),
            *_files(rows, media),
        ]


class _Rows:
    def __init__(self, connection: sqlite3.Connection) -> None:
        def read(table: str) -> list[Row]:
            return list(connection.execute(f"SELECT * FROM {table} ORDER BY id"))

        self.jobs, self.items, self.assets = ({row["id"]: row for row in read(t)} for t in ("jobs", "items", "assets"))
        self.outputs, self.events = read("outputs"), read("events")
        self.items_of, self.outputs_of, self.events_of = (
            _by(rows, column)
            for rows, column in (
                (list(self.items.values()), "job_id"), (self.outputs, "item_id"), (self.events, "item_id"),
            )
        )  # fmt: skip


def _by(rows: list[Row], column: str) -> dict[str, list[Row]]:
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups


def _database(connection: sqlite3.Connection) -> Iterator[Finding]:
    for line in connection.execute("PRAGMA integrity_check"):
        if line["integrity_check"] != "ok":
            yield Finding("torn", "database", line["integrity_check"])
    for line in connection.execute("PRAGMA foreign_key_check"):
        yield Finding("orphaned", f"row {line['rowid']} of {line['table']}", f"names no row of {line['parent']}")


def _promises(rows: _Rows, ledger: Path) -> Iterator[Finding]:
    """What the clients were told, against what is there."""
    accepted, deleting, deleted = {}, set(), set()
    for line in map(json.loads, ledger.read_text("utf-8").splitlines()):
        job = line["job"].replace("-", "")
        if line["what"] == "accepted":
            accepted[job] = line["items"]
        else:
            {"deleting": deleting, "deleted": deleted}[line["what"]].add(job)
    for job in deleted & set(rows.jobs):
        yield Finding("orphaned", f"job {job}", "was deleted and is there")
    for job, promised in accepted.items():
        if job in rows.jobs:
            yield from _promised(rows, job, promised)
        elif job not in deleting:
            for item in promised:
                yield Finding("lost", f"{item['name']} of job {job}", "was accepted; its job is not there")


def _promised(rows: _Rows, job: str, promised: list[Row]) -> Iterator[Finding]:
    items = sorted((row for row in rows.items_of[job] if not row["collects"]), key=lambda item: item["position"])
    for number, sent in enumerate(promised):
        subject = f"{sent['name']} of job {job}"
        if number >= len(items):
            yield Finding("lost", subject, "was accepted; its item is not there")
            continue
        item = items[number]
        if item["state"] not in _FINAL:
            yield Finding("lost", subject, f"was accepted and is {item['state']}")
        if rows.assets[item["asset_id"]]["sha256"] != sent["sha256"]:
            yield Finding("torn", subject, "its original is not what was sent")
        if sent["good"] and item["error_code"] in _BAD_FILE:
            yield Finding("torn", subject, f"is a good photo and was called {item['error_code']}")
        if not sent["good"] and item["state"] == "succeeded":
            yield Finding("torn", subject, "is no photo and succeeded")
    if len(items) > len(promised):
        yield Finding("doubled", f"job {job}", f"has {len(items)} items; {len(promised)} were sent")


def _jobs(rows: _Rows) -> Iterator[Finding]:
    for id, job in rows.jobs.items():
        states = Counter(item["state"] for item in rows.items_of[id])
        wrong = [name for name in _FINAL if job[name] != states[name]]
        wrong += ["total"] if job["total"] != states.total() else []
        for name in wrong:
            counted = states.total() if name == "total" else states[name]
            yield Finding("miscounted", f"job {id}", f"{name} is {job[name]}; its items give {counted}")
        if job["state"] != _job_state(states):
            yield Finding("miscounted", f"job {id}", f"is {job['state']}; its items give {_job_state(states)}")
        if (job["finished_at"] is None) != any(state not in _FINAL for state in states):
            yield Finding("miscounted", f"job {id}", f"is {job['state']}; finished_at is {job['finished_at']}")


def _job_state(states: Counter[str]) -> str:
    if any(state not in _FINAL for state in states):
        return "running" if states["running"] else "queued"
    if states["canceled"]:
        return "canceled"
    if states["succeeded"] == states.total():
        return "succeeded"
    return "partial" if states["succeeded"] else "failed"


def _items(rows: _Rows) -> Iterator[Finding]:
    for id, item in rows.items.items():
        subject, outputs = f"item {id}", rows.outputs_of[id]
        expected = OUTPUTS[rows.jobs[item["job_id"]]["recipe"]]
        if item["collects"]:
            expected = frozenset(output["name"] for output in outputs if _SHEET.fullmatch(output["name"]))
            expected = expected or frozenset({"contact-sheet-jpg"})
        names = Counter(output["name"] for output in outputs)
        if item["state"] not in _FINAL:
            yield Finding("lost", subject, f"is {item['state']}")
        if (item["state"] in _FINAL) != (item["finished_at"] is not None):
            yield Finding("miscounted", subject, f"is {item['state']}; finished_at is {item['finished_at']}")
        if item["state"] != "succeeded" and outputs:
            yield Finding("doubled", subject, f"is {item['state']} and has {len(outputs)} outputs")
        if item["state"] == "succeeded" and (missing := expected - set(names)):
            yield Finding("torn", subject, f"has no output {', '.join(sorted(missing))}")
        for name in set(names) - expected:
            yield Finding("doubled", subject, f"has an output {name}, which the recipe does not have")
        for name in (name for name, count in names.items() if count > 1):
            yield Finding("doubled", subject, f"has the output {name} {names[name]} times")
        for attempt in {output["attempt"] for output in outputs} - {item["attempt"]}:
            yield Finding("doubled", subject, f"has outputs of attempt {attempt}; the item's is {item['attempt']}")


def _sheets(rows: _Rows) -> Iterator[Finding]:
    """What is collected from the results of all photos is begun after the last of them has ended, and made of them."""
    for id, item in rows.items.items():
        if not item["collects"] or item["state"] not in ("succeeded", "failed", "quarantined"):
            continue
        photos = [one for one in rows.items_of[item["job_id"]] if not one["collects"]]
        begun = max(event["at"] for event in rows.events_of[id] if event["kind"] == "claimed")
        for photo in photos:
            if photo["finished_at"] is None or photo["finished_at"] > begun:
                yield Finding("torn", f"item {id}", f"was begun before the photo {photo['id']} had ended")
        good = any(photo["state"] == "succeeded" for photo in photos)
        if item["state"] != "quarantined" and good != (item["state"] == "succeeded"):  # its workers may all be killed
            yield Finding("torn", f"item {id}", f"is {item['state']}, and there {'is' if good else 'is no'} good photo")


def _timelines(rows: _Rows) -> Iterator[Finding]:
    """One success at most until somebody wants another; every claim is the next attempt; the last word is the state."""
    for id, item in rows.items.items():
        subject, successes, attempt, last = f"item {id}", 0, 0, None
        for event in rows.events_of[id]:
            successes = 0 if event["kind"] == "retried" else successes + (event["kind"] == "succeeded")
            if event["kind"] == "succeeded" and successes > 1:
                yield Finding("doubled", subject, f"succeeded again in attempt {event['attempt']}")
            if event["attempt"] < attempt:
                yield Finding("doubled", subject, f"{event['kind']} attempt {event['attempt']} after {attempt}")
            if event["kind"] == "claimed" and event["attempt"] != attempt + 1:
                yield Finding("doubled", subject, f"attempt {event['attempt']} was claimed after {attempt}")
            attempt = max(attempt, event["attempt"])
            last = event["kind"]
        if attempt != item["attempt"]:
            yield Finding("miscounted", subject, f"is at attempt {item['attempt']}; its timeline at {attempt}")
        if item["state"] in _FINAL and last != item["state"]:
            yield Finding("miscounted", subject, f"is {item['state']}; its timeline ends with {last}")


def _files(rows: _Rows, media: Path) -> Iterator[Finding]:
    """No file without a row, no row without its file, and each file what all of its rows say."""
    objects = media / "objects"
    there = {path.name: path for path in objects.glob("*/*")}
    named = {row["sha256"] for row in (*rows.assets.values(), *rows.outputs)}
    used = {item["asset_id"] for item in rows.items.values() if item["asset_id"]}
    for path in sorted(path for path in media.rglob("*") if not path.is_dir()):
        if media / "steps" in path.parents:
            continue  # a cache: nothing in it is promised
        if path.parent.parent != objects:
            yield Finding("orphaned", str(path.relative_to(media)), "is a temporary file")
        elif path.name not in named or path.parent.name != path.name[:2]:
            yield Finding("orphaned", str(path.relative_to(media)), "no row names it")
    yield from (Finding("orphaned", f"asset {id}", "belongs to no item") for id in rows.assets.keys() - used)
    with ThreadPoolExecutor() as pool:  # Pillow and hashlib let other threads work
        for findings in pool.map(
            lambda asset: _stored("lost", f"asset {asset['id']}", asset, there), rows.assets.values()
        ):
            yield from findings
        for findings in pool.map(lambda output: _picture(output, there), rows.outputs):
            yield from findings


def _stored(missing: str, subject: str, row: Row, there: dict[str, Path]) -> list[Finding]:
    path = there.get(row["sha256"])
    if path is None:
        return [Finding(missing, subject, f"its file {row['sha256'][:12]}… is not there")]
    found = []
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != row["sha256"]:
            found.append(Finding("torn", subject, f"its file {row['sha256'][:12]}… has another SHA-256"))
    if path.stat().st_size != row["bytes"]:
        found.append(Finding("torn", subject, f"has {row['bytes']} bytes; its file has {path.stat().st_size}"))
    return found


def _picture(output: Row, there: dict[str, Path]) -> list[Finding]:
    subject = f"output {output['name']} of item {output['item_id']}"
    if found := _stored("lost", subject, output, there):
        return found
    try:
        with Image.open(there[output["sha256"]]) as picture:
            picture.load()
            seen = (Image.MIME[str(picture.format)], *picture.size)
    except Exception as error:
        return [Finding("torn", subject, f"can not be decoded: {error}")]
    told = (output["media_type"], output["width"], output["height"])
    return [] if seen == told else [Finding("torn", subject, f"is {seen}; its row says {told}")]
