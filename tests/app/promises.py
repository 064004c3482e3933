"""What must be true of the rows at every moment, read past the app with SQL of its own."""

import datetime as dt
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]

WAITING = {"pending", "queued"}
OPEN = {*WAITING, "running"}
FINAL = {"succeeded", "failed", "quarantined", "canceled"}
RETRIED = FINAL - {"succeeded"}
STEPS = {
    "queued": (WAITING, "queued"),
    "claimed": (WAITING, "running"),
    "succeeded": ({"running"}, "succeeded"),
    "failed": ({"running"}, "failed"),
    "quarantined": ({"running"}, "quarantined"),
    "retrying": ({"running"}, "pending"),
    "interrupted": ({"running"}, "pending"),
    "handed-back": ({"running"}, "pending"),
    "canceled": (OPEN, "canceled"),
    "retried": (RETRIED, "pending"),
}
"""What each line of a timeline does to an item: from which states, to which one."""

LONGEST_WAIT = dt.timedelta(hours=1)
"""Until the dispatcher looks at a waiting item again, at the latest."""


@dataclass(frozen=True)
class Snapshot:
    now: dt.datetime
    jobs: dict[str, Row]
    items: dict[str, Row]
    outputs: list[Row]
    events: list[Row]
    assets: dict[str, Row]
    paused: set[str]


def read(database: Path, now: dt.datetime) -> Snapshot:
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row

    def rows(table: str) -> list[Row]:
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]

    try:
        return Snapshot(
            now.astimezone(dt.UTC).replace(tzinfo=None),
            *({row["id"]: row for row in rows(table)} for table in ("jobs", "items")),
            *(rows(table) for table in ("outputs", "events")),
            {row["id"]: row for row in rows("assets")},
            {row["lane"] for row in rows("lane_pauses")},
        )
    finally:
        connection.close()


def check(now: Snapshot, before: Snapshot, attempts: int) -> None:
    """AssertionError where a promise is broken: by this moment, or by the step from the moment before."""
    for job in now.jobs.values():
        check_job(job, [item for item in now.items.values() if item["job_id"] == job["id"]])
    for item in now.items.values():
        check_item(item, now.now, attempts)
        check_timeline(item, [event for event in now.events if event["item_id"] == item["id"]])
        check_outputs(item, [output for output in now.outputs if output["item_id"] == item["id"]])
        if old := before.items.get(item["id"]):
            check_step(old, item)
    check_references(now)


def check_job(job: Row, items: list[Row]) -> None:
    states = Counter(item["state"] for item in items)
    assert job["total"] == len(items)
    assert {state: job[state] for state in FINAL} == {state: states[state] for state in FINAL}, "the counts"
    is_final = not OPEN & set(states)
    assert (job["finished_at"] is not None) == is_final
    if is_final:
        assert job["state"] == final_state(states, len(items))
    else:
        assert job["state"] in (["running"] if states["running"] else ["queued", "running"])


def final_state(states: Counter[str], total: int) -> str:
    if states["canceled"]:
        return "canceled"
    if states["succeeded"] == total:
        return "succeeded"
    return "partial" if states["succeeded"] else "failed"


def check_item(item: Row, now: dt.datetime, attempts: int) -> None:
    is_running = item["state"] == "running"
    assert (item["lease_until"] is not None) == (item["owner"] is not None) == is_running
    assert (item["finished_at"] is None) == (item["state"] in OPEN)
    if item["state"] in WAITING:
        due = moment(item["dispatch_after"])
        assert due <= now + LONGEST_WAIT, "forgotten: the dispatcher would not look at it"
        assert item["not_before"] is None or moment(item["not_before"]) <= due, "its message would be refused"
        assert item["strikes"] < attempts
    if item["state"] == "quarantined":
        assert item["strikes"] >= attempts


def check_timeline(item: Row, events: list[Row]) -> None:
    state, attempt = "pending", 0
    for event in events:
        sources, target = STEPS[event["kind"]]
        assert state in sources, f"{event['kind']} of an item that is {state}"
        state = target
        attempt += event["kind"] == "claimed"
        assert event["attempt"] == attempt
    assert (state, attempt) in {(item["state"], item["attempt"]), ("pending", item["attempt"])}
    if state != item["state"]:
        assert item["state"] == "queued", "only publishing again is no news"


def check_outputs(item: Row, outputs: list[Row]) -> None:
    if item["state"] == "succeeded":
        assert {output["attempt"] for output in outputs} == {item["attempt"]}
        assert sorted(output["name"] for output in outputs) == ["a", "b"], "whole"
    else:
        assert outputs == [], "or absent"


def check_step(old: Row, new: Row) -> None:
    assert new["attempt"] - old["attempt"] in (0, 1)
    if old["state"] == "succeeded":
        assert new == old
    if old["state"] in FINAL and new["state"] != old["state"]:
        assert new["state"] == "pending", "only a retry leaves an end"
        forgiven = [new[name] for name in ("strikes", "retries", "troubled_since", "not_before", "error")]
        assert forgiven == [0, 0, None, None, None]
    if (old["state"], new["state"]) == ("running", "running"):
        assert new["attempt"] == old["attempt"], "a running attempt must end before the next one begins"


def check_references(now: Snapshot) -> None:
    assert {item["asset_id"] for item in now.items.values()} == set(now.assets)
    for item_ids in (now.outputs, now.events):
        assert {row["item_id"] for row in item_ids} <= set(now.items)
    assert {item["job_id"] for item in now.items.values()} == set(now.jobs)


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def in_state(items: Iterable[Row], *states: str) -> int:
    return sum(item["state"] in states for item in items)
