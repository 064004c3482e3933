"""One chaos run from its start to its report."""

import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from tests import rabbitmq
from tests.chaos import checker, faults
from tests.chaos.disk import Disk
from tests.chaos.ledger import Ledger
from tests.chaos.load import Load
from tests.chaos.proxy import Network
from tests.chaos.recovery import recoveries
from tests.chaos.report import Report
from tests.chaos.rig import Rig
from tests.chaos.schedule import Record, Schedule, order

Say = Callable[[str], None]

_MEGABYTES, _MEGABYTES_PER_ITEM = 100, 0.06
_SETTLE_SECONDS, _SETTLE_SECONDS_PER_ITEM = 240, 0.2
"""A message that is lost twice is published again after a minute and after two; the queue may be long."""
_TELL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    items: int
    faults: int
    seed: str
    pause_seconds: float
    """Between the beginnings of two faults, on average."""
    broker: type[rabbitmq.Broker]
    kinds: tuple[faults.Fault, ...]


class Unsettled(AssertionError):
    """Accepted items had not ended in time."""


def run(plan: Plan, say: Say) -> Report:
    """Its folder is removed where the report is good, and named where it is not."""
    folder = Path(tempfile.mkdtemp(prefix="darkroom-chaos-"))
    try:
        report = _run(plan, folder, say)
    except BaseException:
        say(f"the logs are in {folder}")
        raise
    if report.good:
        shutil.rmtree(folder)
    else:
        say(f"the logs and the database are in {folder}")
    return report


def _run(plan: Plan, folder: Path, say: Say) -> Report:
    began = time.monotonic()
    with ExitStack() as stack:
        disk = Disk(folder / "data", round(_MEGABYTES + _MEGABYTES_PER_ITEM * plan.items))
        stack.enter_context(disk.mounted())
        network = stack.enter_context(Network())
        broker = stack.enter_context(rabbitmq.own(lambda what: say(f"RabbitMQ: {what}"), plan.broker))
        ledger = stack.enter_context(closing(Ledger(folder / "ledger.jsonl")))
        rig = Rig(folder, disk, broker, network, plan.seed)
        rig.load = Load(rig.url, plan.items, plan.seed, ledger)
        possible = [fault for fault in plan.kinds if not (fault.needs_mount and disk.why_ordinary)]
        try:
            record = _break(plan, rig, ledger, order(possible, plan.faults, plan.seed), say)
            left_over = rig.stop()
            say(rig.flask("collect", "--older-than", "0"))
            findings = checker.check(rig.database, disk.media, rig.ledger)
        except BaseException as error:
            error.add_note(rig.logs())
            raise
        finally:
            rig.load.stop()
            rig.stop()
            _copy(rig.database, folder / "darkroom.db")
        report = Report(
            seed=plan.seed, broker=str(broker), accepted=rig.load.accepted, jobs=len(rig.load.jobs),
            wanted={fault.kind for fault in order(possible, plan.faults, plan.seed)},
            impossible={fault.kind: disk.why_ordinary for fault in plan.kinds if fault not in possible},
            record=record, seconds=time.monotonic() - began, answers=rig.load.answers,
            deaths=Counter({name: service.died for name, service in rig.services.items()}), left_over=len(left_over),
            recoveries=recoveries(rig.database, record.faults), findings=findings,
        )  # fmt: skip
        report.read(rig.database)
        say(f"the data took {disk.used_megabytes()} MiB")
        return report


def _break(plan: Plan, rig: Rig, ledger: Ledger, schedule: list[faults.Fault], say: Say) -> Record:
    rig.start()
    say(f"all processes work; {plan.items:,} items, {len(schedule)} faults")
    rig.load.release(max(plan.items // 20, 10))
    rig.load.start()
    record = Schedule(rig, ledger, plan.seed, plan.pause_seconds, say).run(schedule)
    say("the last fault is over")
    seconds = _SETTLE_SECONDS + _SETTLE_SECONDS_PER_ITEM * plan.items
    if not rig.load.finish(seconds):
        raise Unsettled(f"{rig.load.accepted} of {plan.items} items were accepted; answers: {rig.load.answers}")
    _settle(rig, seconds, say)
    return record


def _settle(rig: Rig, seconds: float, say: Say) -> None:
    """Wait until all items have ended. What has not in time is for the checker to name: it is lost."""
    deadline, tell_at = time.monotonic() + seconds, time.monotonic()
    while time.monotonic() < deadline:
        with suppress(sqlite3.OperationalError), closing(_read(rig.database)) as rows:
            states = dict(rows.execute("SELECT state, count(*) FROM items GROUP BY 1").fetchall())
            if not {"pending", "queued", "running"} & set(states):
                say("all items have ended")
                return
            if time.monotonic() > tell_at:
                say(f"waiting for all items to end: {states}")
                tell_at += _TELL_SECONDS
        time.sleep(0.2)
    say("NOT all items have ended in time")


def _read(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=20)


def _copy(database: Path, target: Path) -> None:
    """Where the data were on a file system of their own, they are gone with it."""
    if database.exists():
        with closing(_read(database)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
