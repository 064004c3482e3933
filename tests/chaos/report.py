"""What a run prints at its end."""

import os
import platform
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.chaos.checker import KINDS, Finding
from tests.chaos.recovery import Recovery
from tests.chaos.schedule import Record

_FINDINGS_SHOWN = 40


@dataclass
class Report:
    seed: str
    broker: str
    accepted: int
    jobs: int
    wanted: set[str]
    """The kinds of fault that the schedule had."""
    impossible: dict[str, str]
    """The kinds of fault that this machine can not do, and why."""
    record: Record
    seconds: float
    answers: Counter[str]
    deaths: Counter[str]
    left_over: int
    """Processes that were still there after the end of all."""
    recoveries: list[Recovery]
    findings: list[Finding]
    states: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)

    def read(self, database: Path) -> None:
        """How the items ended, and what happened to their attempts."""
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as rows:
            items = "SELECT state, coalesce(error_code, ''), count(*) FROM items GROUP BY 1, 2"
            for state, code, count in rows.execute(items):
                self.states[state if state in ("succeeded", "canceled") else f"{state} ({code})"] += count
            self.ends.update(dict(rows.execute("SELECT kind, count(*) FROM events GROUP BY 1")))

    @property
    def not_done(self) -> set[str]:
        return self.wanted - {fault.kind for fault in self.record.faults}

    @property
    def good(self) -> bool:
        return not (self.findings or self.not_done or self.left_over)

    def lines(self) -> Iterator[str]:
        minutes, seconds = divmod(round(self.seconds), 60)
        yield f"chaos run, seed {self.seed}, {minutes} min {seconds} s, {os.cpu_count()} cores"
        yield f"Python {platform.python_version()}, {self.broker}"
        yield f"items: {self.accepted:,} accepted in {self.jobs:,} jobs; in the end: {_list(self.states)}"
        yield f"attempts: {_list(self.ends)}"
        yield f"answers to uploads: {_list(self.answers)}"
        yield f"started again by the supervisor: {_list(self.deaths)}"
        yield f"acts of users: {_list(self.record.acts)}"
        yield ""
        yield from self._faults()
        yield ""
        for kind, why in self.impossible.items():
            yield f"NOT DONE on this machine: {kind}: {why}"
        for kind in sorted(self.not_done):
            yield f"NOT DONE: {kind}: nothing could be struck, although it was in the schedule"
        if self.left_over:
            yield f"LEFT OVER: {self.left_over} processes did not end when they were asked to"
        for finding in self.findings[:_FINDINGS_SHOWN]:
            yield str(finding)
        if len(self.findings) > _FINDINGS_SHOWN:
            yield f"… and {len(self.findings) - _FINDINGS_SHOWN} more"
        found = Counter(finding.kind for finding in self.findings)
        yield ", ".join(f"{kind} {found[kind]}" for kind in KINDS)
        yield self._longest()
        yield "GOOD" if self.good else "BAD"

    def _faults(self) -> Iterator[str]:
        yield f"{'fault':<40} {'times':>5}  {'next success':>14}  {'what ran':>14}  {'what waited':>14}"
        for kind, count in sorted(Counter(fault.kind for fault in self.record.faults).items()):
            felt = [recovery for recovery in self.recoveries if recovery.fault.kind == kind]
            columns = (
                [one.next_success for one in felt if one.next_success is not None],
                [one.struck_ended for one in felt],
                [one.all_ended for one in felt],
            )
            yield f"{kind:<40} {count:>5}" + "".join(f"  {_range(column):>14}" for column in columns)
        yield f"{'all':<40} {len(self.record.faults):>5}"
        yield "(median and longest, in seconds from the end of the fault: until an item begun after it succeeded, until"
        yield " what had run during it had ended, and until all accepted before had; the queue and later faults in it)"

    def _longest(self) -> str:
        if not self.recoveries:
            return "longest recovery: there was no fault"
        work = max(self.recoveries, key=lambda one: one.next_success or 0)
        struck = max(self.recoveries, key=lambda one: one.struck_ended)
        return (
            f"longest recovery: {work.next_success or 0:.1f} s until work went on ({work.fault.kind}),"
            f" {struck.struck_ended:.1f} s until what ran had ended ({struck.fault.kind})"
        )


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())) or "none"


def _range(values: list[float]) -> str:
    return f"{median(values):.1f} / {max(values):.1f}" if values else "–"
