"""`flask doctor`: what works, what does not, and what somebody has to do about it."""

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from celery import Celery
from flask import current_app
from sqlalchemy import func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from app import broker, dispatch, lanes, machine, processes, recipes
from app.admission import Admission
from app.database import db, ping, transaction, utc_now
from app.errors import TemporaryError
from app.models import Event, EventKind, Item, ItemState, Job, Lane, ProcessKind
from app.services import Services
from app.webhooks import endpoints
from app.webhooks.tables import Delivery, DeliveryState, Pause

OK, NOTE, BAD = "ok", "note", "BAD"
"""It works; it passes by itself; it needs a person."""

_LOOK = "`make ps` shows what runs, `make logs` why it does not."
_ADVICE = {
    "broker": "`make ps` shows whether it runs, `make logs s=rabbitmq` why it does not; one that runs and takes nothing"
    " has an alarm for memory or disk, which its own page shows. Accepted jobs wait meanwhile.",
    "database": "See that its disk has room, that nothing holds it locked, and, where it is a server, that it runs.",
}

_PAUSES = {
    Pause.BY_HAND: "",
    Pause.FAILING: ", because nothing had come through for days: see its deliveries, then resume it",
    Pause.GONE: ", because it answered 410 Gone: delete it, or resume it once it is back",
}
_OVERDUE = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: str
    part: str
    sentence: str


def examine(services: Services) -> list[Finding]:
    """Look at every part; one that can not be asked is a finding, and does not keep from asking the others."""
    findings = list(_guarded("database", _database))
    if all(finding.verdict != BAD for finding in findings):
        for part, look in (("processes", _processes), ("lanes", _lanes), ("items", _items), ("webhooks", _webhooks)):
            findings += _guarded(part, look)
    findings += _guarded("broker", lambda: _broker(services.celery))
    findings += _guarded("disk", lambda: _disk(services.admission))
    db.session.remove()
    return findings


def _guarded(part: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:
        reason = str(getattr(error, "orig", None) or error) or "no answer in time"
        yield Finding(BAD, part, f"it does not answer as it should ({reason}). {_ADVICE.get(part, _LOOK)}")


def _database() -> Iterator[Finding]:
    ping()
    with transaction():
        pass
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
    with db.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    head = ScriptDirectory(current_app.extensions["migrate"].directory).get_current_head()
    if current != head:
        yield Finding(BAD, "database", f"it is at migration {current}, the code at {head}; run `make migrate`.")
    else:
        yield Finding(OK, "database", f"reads and writes, at migration {current}.")


def _processes() -> Iterator[Finding]:
    for kind, do in ((ProcessKind.WORKER, "s=worker"), (ProcessKind.DISPATCHER, "s=dispatcher")):
        alive = processes.alive(db.session(), kind, utc_now())
        if not alive:
            yield Finding(BAD, f"{kind}s", f"none has given a sign of life; `make ps` and `make logs {do}` say why.")
        for process in alive:
            seen, up = _ago(process.seen_at), _ago(process.started_at)
            size = f" with {process.concurrency} processes" if kind == ProcessKind.WORKER else ""
            yield Finding(OK, f"{kind}s", f"{process.name}{size} runs for {up}, last seen {seen} ago.")


def _lanes() -> Iterator[Finding]:
    for lane, since in lanes.paused(db.session()).items():
        yield Finding(NOTE, "lanes", f"{lane} is paused for {_ago(since)}; `make resume lane={lane}` lets it go on.")


def _items() -> Iterator[Finding]:
    now = utc_now()
    counts = db.session.execute(
        select(Job.lane, Item.state, func.count())
        .join(Item.job)
        .where(Item.state.in_([*machine.WAITING, ItemState.RUNNING]))
        .group_by(Job.lane, Item.state)
    ).all()
    shown = ", ".join(f"{count:,} {state} in {lane}" for lane, state, count in counts)
    yield Finding(OK, "items", f"{shown or 'nothing waits or runs'}.")
    stuck = _count(
        or_((Item.state == ItemState.PENDING) & (Item.dispatch_after < now - _OVERDUE),
            (Item.state == ItemState.QUEUED) & (Item.dispatch_after < now - _OVERDUE - dispatch.LONG_QUEUED),
            (Item.state == ItemState.RUNNING) & (Item.lease_until < now - _OVERDUE)),
        Job.lane.not_in(lanes.paused(db.session())),
    )  # fmt: skip
    if stuck:
        yield Finding(BAD, "items", f"{stuck:,} are overdue by more than {_OVERDUE}: see the dispatcher's log.")
    for code, count in db.session.execute(
        select(Item.error_code, func.count())
        .where(Item.not_before > now, Item.state.in_(machine.WAITING))
        .group_by(Item.error_code)
    ):
        yield Finding(NOTE, "items", f"{count:,} met {code} and are tried again by themselves.")
    if quarantined := _count(Item.state == ItemState.QUARANTINED):
        last = db.session.scalar(select(func.max(Event.at)).where(Event.kind == EventKind.QUARANTINED))
        yield Finding(
            BAD, "items", f"{quarantined:,} are quarantined, the last one {_ago(last) if last else 'some time'} ago:"
            " look at their files, then retry or delete their jobs.",
        )  # fmt: skip


def _webhooks() -> Iterator[Finding]:
    waiting = dict(_waiting_deliveries())
    for endpoint in endpoints.all_endpoints():
        left = f"{waiting.get(endpoint.id, 0):,} messages wait for it"
        if endpoint.paused_since:
            verdict = NOTE if endpoint.paused_because == Pause.BY_HAND else BAD
            why = _PAUSES[endpoint.paused_because or Pause.BY_HAND]
            yield Finding(
                verdict, "webhooks", f"{endpoint.name} is paused for {_ago(endpoint.paused_since)}{why}; {left}."
            )
        elif endpoint.failing_since:
            yield Finding(
                NOTE, "webhooks", f"{endpoint.name} has taken nothing for {_ago(endpoint.failing_since)}; {left}."
            )  # fmt: skip
        else:
            yield Finding(OK, "webhooks", f"{endpoint.name}: {left}.")
    known = endpoints.names()
    for recipe in recipes.all_latest():
        for fault in recipe.endpoint_faults(known):
            yield Finding(BAD, "webhooks", f"recipe {recipe.name}, {fault}")


def _waiting_deliveries() -> Iterator[tuple[UUID, int]]:
    waiting = select(Delivery.endpoint_id, func.count()).where(Delivery.state == DeliveryState.PENDING)
    yield from ((row[0], row[1]) for row in db.session.execute(waiting.group_by(Delivery.endpoint_id)))


def _broker(celery: Celery) -> Iterator[Finding]:
    states = broker.examine(celery)
    yield Finding(OK, "broker", "takes messages and gives them back.")
    waiting = _queued_rows()
    for state in states:
        if state.name == broker.DEAD_LETTERS.name:
            if state.messages:
                yield Finding(
                    BAD,
                    "broker",
                    f"{state.messages:,} messages in {state.name} were given up; their items are published again by"
                    " themselves. See the workers' logs for why, then purge that queue.",
                )
            continue
        if state.messages is None:
            yield Finding(BAD, "broker", f"the queue {state.name} is not there; a worker declares it when it starts.")
            continue
        rows = waiting.get(state.name, 0)
        lacking = " The missing ones are published again by themselves." if state.messages < rows else ""
        yield Finding(OK, "broker", f"{state.name}: {state.messages:,} messages for {rows:,} queued items.{lacking}")


def _queued_rows() -> dict[str, int]:
    try:
        rows = db.session.execute(
            select(Job.lane, func.count()).join(Item.job).where(Item.state == ItemState.QUEUED).group_by(Job.lane)
        )
        return {broker.queue_name(Lane(lane)): count for lane, count in rows}
    except SQLAlchemyError:
        return {}  # the database has a finding of its own


def _disk(admission: Admission) -> Iterator[Finding]:
    try:
        admission.check_room(0)
    except TemporaryError as error:
        yield Finding(BAD, "disk", str(error))
    else:
        yield Finding(OK, "disk", f"{admission.store.free_bytes() / 1e9:.1f} GB free for media.")


def _count(*where: object) -> int:
    return db.session.scalar(select(func.count(Item.id)).join(Item.job).where(*where)) or 0  # type: ignore[arg-type]


def _ago(moment: dt.datetime) -> str:
    seconds = int((utc_now() - moment).total_seconds())
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
