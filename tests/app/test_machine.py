"""Every transition from every state: the legal ones happen, the others change nothing."""

import pytest
from flask import Flask
from sqlalchemy import Connection, event, update

from app import machine
from app.database import transaction
from app.dispatch import Due
from app.errors import NotFound
from app.machine import Transition
from app.models import Item, ItemState, Job, JobState
from app.storage import Store
from tests import rows
from tests.factories import ELSEWHERE, claimed, submitted
from tests.rows import LONG_AGO

TRANSITIONS = {
    "publish": (machine.PUBLISH, {"pending", "queued"}, "queued"),
    "claim": (machine.CLAIM, {"pending", "queued"}, "running"),
    "succeed": (machine.SUCCEED, {"running"}, "succeeded"),
    "fail": (machine.FAIL, {"running"}, "failed"),
    "quarantine": (machine.QUARANTINE, {"running"}, "quarantined"),
    "back off": (machine.BACK_OFF, {"running"}, "pending"),
    "take back": (machine.TAKE_BACK, {"running"}, "pending"),
    "hand back": (machine.HAND_BACK, {"running"}, "pending"),
    "cancel": (machine.CANCEL, {"pending", "queued", "running"}, "canceled"),
    "retry": (machine.RETRY, {"failed", "quarantined", "canceled"}, "pending"),
    "await": (machine.AWAIT, {"pending", "queued"}, "pending"),
    "recollect": (machine.RECOLLECT, {"succeeded", "failed", "quarantined", "canceled"}, "pending"),
}
NEVER_LEFT = {ItemState.SUCCEEDED}


@pytest.fixture(autouse=True)
def _context(context: Flask) -> None:
    """Every test of this file runs inside the app's context."""


def put(waiting: Due, state: ItemState) -> None:
    """Give the item this state, with everything that goes with it."""
    running = {"lease_until": LONG_AGO, "owner": ELSEWHERE} if state == ItemState.RUNNING else {}
    rows.change(waiting.id, state=state, attempt=1, finished_at=LONG_AGO if state.final else None, **running)
    if state.final:
        job_state = {"succeeded": "succeeded", "canceled": "canceled"}.get(state, "failed")
        with transaction() as session:
            job = update(Job).where(Job.id == waiting.job_id)
            session.execute(job.values({"state": job_state, "finished_at": LONG_AGO, state.value: 1}))


def snapshot(item_id) -> dict[str, object]:
    item = rows.item(item_id)
    return {
        column.name: getattr(row, column.name)
        for row in (item.job, item)
        for column in row.__table__.columns
    } | {"events": rows.kinds(item_id)}  # fmt: skip


def make(transition: Transition, item_id) -> int:
    values = {"lease_until": LONG_AGO, "owner": ELSEWHERE} if transition is machine.CLAIM else {}
    with transaction() as session:
        job_id = session.get_one(Item, item_id).job_id
        return machine.move(session, transition, job_id, Item.id == item_id, values=values)


def test_the_table_of_this_file_has_every_transition_of_the_machine():
    written = {name for name, value in vars(machine).items() if isinstance(value, Transition)}
    assert written == {name.upper().replace(" ", "_") for name in TRANSITIONS}


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_transition_happens_from_its_states_and_from_no_other(store: Store, name: str):
    transition, sources, target = TRANSITIONS[name]
    for source in ItemState:
        [waiting] = submitted(store).due
        if transition.only is not None:
            rows.change(waiting.id, collects="sheet", asset_id=None)
        put(waiting, source)
        before = snapshot(waiting.id)
        moved = make(transition, waiting.id)
        if source not in sources:
            assert (moved, snapshot(waiting.id)) == (0, before), source
            continue
        after = rows.item(waiting.id)
        assert (moved, after.state) == (1, target), source
        assert [line.kind for line in after.events] == [transition.kind]
        assert (after.finished_at is None) == (not after.state.final)
        assert (after.owner, after.lease_until) == ((ELSEWHERE, LONG_AGO) if target == "running" else (None, None))
        assert after.job.state.final == after.state.final
        assert after.job.ended == after.state.final


@pytest.mark.parametrize("state", NEVER_LEFT)
def test_nothing_leaves_a_state_that_is_the_end(state: ItemState):
    """But what was collected from the results of files, where one of those is tried again."""
    leaving = [transition for transition, _, _ in TRANSITIONS.values() if state in transition.sources]
    assert leaving == [machine.RECOLLECT]


def test_the_result_of_a_file_is_never_made_undone(store: Store):
    [waiting] = submitted(store).due
    put(waiting, ItemState.SUCCEEDED)
    before = snapshot(waiting.id)
    assert (make(machine.RECOLLECT, waiting.id), snapshot(waiting.id)) == (0, before)


def test_an_item_that_begins_to_match_in_this_very_moment_is_not_moved_without_its_line(store: Store):
    """Where commits of others become visible between two statements (READ COMMITTED), the line is written first, and
    what it did not find must not be moved after it. Here the change comes through the same connection instead.
    """
    [waiting] = submitted(store).due
    claimed(waiting.id)
    handed_back = (
        "UPDATE items SET state = 'pending', lease_until = NULL, owner = NULL WHERE id = ?", (waiting.id.hex,)
    )  # fmt: skip

    def meanwhile(connection: Connection, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO events"):
            connection.exec_driver_sql(*handed_back)

    with transaction() as session:
        event.listen(session.connection(), "after_cursor_execute", meanwhile)
        values = {"lease_until": LONG_AGO, "owner": ELSEWHERE}
        assert not machine.move(session, machine.CLAIM, waiting.job_id, Item.id == waiting.id, values=values)
    assert rows.item(waiting.id).state == ItemState.PENDING
    assert rows.kinds(waiting.id) == ["claimed"]


def test_a_transition_that_is_rolled_back_leaves_no_line_and_no_count(store: Store):
    submission = submitted(store)
    claim = claimed(submission.due[0].id)
    before = snapshot(claim.item_id)

    def die_before_the_commit() -> None:
        with transaction() as session:
            assert machine.move(session, machine.SUCCEED, claim.job_id, Item.id == claim.item_id)
            raise NotFound

    with pytest.raises(NotFound):
        die_before_the_commit()
    assert snapshot(claim.item_id) == before
    assert rows.job(submission.job.id).state == JobState.RUNNING
