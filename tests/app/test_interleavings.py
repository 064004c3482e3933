"""Random interleavings of everything that can happen to an item, on SQLite, with a clock that the test moves.

Each step is foretold from the rows before it, read past the app; after each one all promises are checked; and at the
end of each run whatever is still open must come to its end.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app import dispatch, items, jobs, lanes, owners
from app.database import db, transaction
from app.dispatch import Attempt, Due
from app.errors import NotFound, NothingToRetry, Retry
from app.items import Claim, Failure, Patience
from app.jobs import Cancellation
from app.models import ItemState, Lane
from app.storage import StoredFile
from app.uploads import ReceivedFile
from tests.app import promises
from tests.app.promises import WAITING, Row, in_state, moment
from tests.clock import Clock
from tests.factories import DAMAGED, ELSEWHERE, LEASE, output, succeed

T = TypeVar("T")

PATIENCE = Patience(attempts=2, retries=2, retry_for=LEASE * 60)
CRASH = Failure("crashed", "It crashed.", Retry.COUNTED)
TROUBLE = Failure("storage-full", "The disk is full.", Retry.PATIENT)
WORKER: dict[str, Callable[[Claim], bool]] = {
    "succeed": lambda claim: succeed(claim, output(claim, "a"), output(claim, "b")),
    "fail": lambda claim: items.fail(claim, DAMAGED, PATIENCE),
    "crash": lambda claim: items.fail(claim, CRASH, PATIENCE),
    "meet trouble": lambda claim: items.fail(claim, TROUBLE, PATIENCE),
    "hand back": items.hand_back,
    "renew": lambda claim: items.renew(claim, LEASE),
    "look": items.is_held,
}
LIVING = owners.this_process()
DEAD = ":".join([*LIVING.split(":")[:2], "4194305", "1"])
SECONDS = (0.001, 1, 4, 10, 30, 61, 70, 3700)


class Interleavings(RuleBasedStateMachine):
    """One rule for all steps: of many, hypothesis leaves out some in each run, and most runs would show little."""

    def __init__(self, database: Path, clock: Clock) -> None:
        super().__init__()
        with transaction() as session:
            for table in ("jobs", "assets", "lane_pauses"):
                session.connection().exec_driver_sql(f"DELETE FROM {table}")
        self._database, self._clock = database, clock
        self._before = self._now = promises.read(database, clock.now)
        self._items: list[Due] = []
        self._claims: list[Claim] = []
        self._due: list[Due] = []
        self._seen: list[Attempt] = []

    @initialize(files=st.integers(1, 2), lane=st.sampled_from(Lane))
    def submit(self, files: int, lane: Lane) -> None:
        file = ReceivedFile("a.jpg", StoredFile("0" * 64, 1))
        due = jobs.submit([file] * files, lambda _: True, lane).due
        self._items += due
        self._due += due  # for the web's own thread

    @rule(step=st.deferred(lambda: st.sampled_from(STEPS)), number=st.integers(0, 7))
    def step(self, step: str, number: int) -> None:
        """`number` says with which of the items, messages, claims, … that there ever were."""
        if not in_state(self._now.items.values(), *promises.OPEN):
            self.submit(1, list(Lane)[number % 2])
            self.every_promise_is_kept()
        if step in WORKER:
            self.a_worker_acts(step, number)
        else:
            getattr(self, step.replace(" ", "_"))(number)

    @invariant()
    def every_promise_is_kept(self) -> None:
        self._before, self._now = self._now, promises.read(self._database, self._clock.now)
        promises.check(self._now, self._before, PATIENCE.attempts)

    def time_passes(self, number: int) -> None:
        self._clock.forward(seconds=SECONDS[number])

    def _some(self, number: int) -> Due:
        """Mostly an item that is still open, the latest first; now and then any that there ever was."""
        still = [item for item in self._items if (row := self._row(item.id)) and row["state"] in promises.OPEN]
        return still[number % len(still)] if still and number < 6 else self._any(number)

    def _any(self, number: int) -> Due:
        return self._items[-number % len(self._items)]

    def a_message_arrives(self, number: int) -> None:
        """The first one, a second one, a late one: a message says no more than the item's id."""
        if claim := self._claim(self._some(number).id, LIVING if number % 2 else ELSEWHERE):
            self._claims.append(claim)

    def a_worker_begins_and_dies(self, number: int) -> None:
        self._claim(self._some(number).id, DEAD)

    def _claim(self, item_id: UUID, owner: str) -> Claim | None:
        row = self._row(item_id)
        foretold = (
            row is not None and row["state"] in WAITING and row["lane"] not in self._now.paused
            and (row["not_before"] is None or moment(row["not_before"]) <= self._now.now)
        )  # fmt: skip
        claim = items.claim(item_id, owner, "worker", LEASE)
        assert bool(claim) == foretold
        assert claim is None or row is None or claim.attempt == row["attempt"] + 1
        return claim

    def a_worker_acts(self, step: str, number: int) -> None:
        """The latest one, or one that was overtaken long ago, or one that did not hear that its end was committed."""
        if self._claims:
            claim = pick(self._claims, number)
            row = self._row(claim.item_id)
            foretold = row is not None and (row["state"], row["attempt"]) == ("running", claim.attempt)
            assert WORKER[step](claim) == foretold

    def a_dispatcher_reads_what_is_due(self, number: int) -> None:
        state = ItemState.QUEUED if number % 2 else ItemState.PENDING
        found = [due for lane in Lane for due in dispatch.due(db.session(), lane, state, self._clock.now, 10)]
        db.session.remove()
        assert {due.id.hex for due in found} == {
            row["id"] for row in self._now.items.values()
            if row["state"] == state and row["lane"] not in self._now.paused
            and moment(row["dispatch_after"]) <= self._now.now
        }  # fmt: skip
        self._due += found

    def somebody_has_published(self, number: int) -> None:
        """A dispatcher or the web's thread; perhaps long after it was read, perhaps as the second one."""
        due = pick(self._due, number)
        row = self._row(due.id)
        foretold = row is not None and row["state"] in WAITING and (row["attempt"], row["publishes"]) == (
            due.attempt, due.publishes,
        )  # fmt: skip
        dispatch.mark_published([due], self._clock.now)
        after = promises.read(self._database, self._clock.now).items.get(due.id.hex)
        assert (after != row) == foretold

    def a_dispatcher_looks_at_what_runs(self, number: int) -> None:
        self._seen += dispatch.running(db.session())
        db.session.remove()

    def a_dispatcher_takes_back(self, number: int) -> None:
        """Perhaps long after it looked: the worker may have renewed, or another one may have the item."""
        if self._seen:
            attempt = pick(self._seen, number)
            row = self._row(attempt.item_id)
            foretold = (
                row is not None and (row["state"], row["attempt"]) == ("running", attempt.number)
                and (moment(row["lease_until"]) < self._now.now or row["owner"] == DEAD)
            )  # fmt: skip
            assert dispatch.take_back(attempt, PATIENCE) == foretold

    def somebody_cancels(self, number: int) -> None:
        job_id = self._some(number).job_id
        rows = self._of_job(job_id)
        numbers = Cancellation(*(in_state(rows, *states) for states in (WAITING, ["running"], promises.FINAL)))
        self._do(lambda: jobs.cancel(job_id), numbers, there=bool(rows))

    def somebody_retries(self, number: int) -> None:
        job_id = self._any(number).job_id
        rows = self._of_job(job_id)
        self._do(lambda: len(jobs.retry(job_id)), in_state(rows, "failed", "quarantined"), there=bool(rows))

    def somebody_retries_one(self, number: int) -> None:
        item_id = self._any(number).id
        row = self._row(item_id)
        self._do(lambda: len(jobs.retry_item(item_id)), row and in_state([row], *promises.RETRIED), there=bool(row))

    def somebody_deletes(self, number: int) -> None:
        if number % 4:
            return  # a run in which all is deleted soon shows little
        job_id = self._some(number).job_id
        self._do(lambda: len(jobs.remove(job_id)), 1, there=bool(self._of_job(job_id)))

    @staticmethod
    def _do(act: Callable[[], object], foretold: object, *, there: bool) -> None:
        if there and foretold:
            assert act() == foretold
        else:
            with pytest.raises(NothingToRetry if there else NotFound):
                act()

    def somebody_pauses_or_resumes_a_lane(self, number: int) -> None:
        lane, resumes = self._some(number).lane, bool(number % 2)
        assert (lanes.resume if resumes else lanes.pause)(lane) == ((lane in self._now.paused) == resumes)

    def _row(self, item_id: UUID) -> Row | None:
        return self._now.items.get(item_id.hex)

    def _of_job(self, job_id: UUID) -> list[Row]:
        return [row for row in self._now.items.values() if row["job_id"] == job_id.hex]

    def teardown(self) -> None:
        """All workers die, the lanes go on, the broker works: whatever is open ends."""
        for lane in Lane:
            lanes.resume(lane)
        for _ in range(8):
            if not in_state(self._now.items.values(), *promises.OPEN):
                return
            self._clock.forward(hours=1.1)
            for attempt in dispatch.running(db.session()):
                assert dispatch.take_back(attempt, PATIENCE)
            db.session.remove()
            for state in (ItemState.PENDING, ItemState.QUEUED):
                due_now = (dispatch.due(db.session(), lane, state, self._clock.now, 1000) for lane in Lane)
                for due in [one for found in due_now for one in found]:
                    claim = items.claim(due.id, ELSEWHERE, "worker", LEASE)
                    assert claim, "what is due can be begun"
                    WORKER["succeed"](claim)
                db.session.remove()
            self.every_promise_is_kept()
        raise AssertionError("forgotten")


STEPS = (
    *["a message arrives"] * 5, *["time passes"] * 2, "a worker begins and dies",
    *WORKER, "hand back", "meet trouble", "crash",
    "somebody retries one", "somebody retries", "somebody cancels", "somebody deletes",
    "somebody pauses or resumes a lane",
    *["a dispatcher reads what is due", "somebody has published"] * 2,
    *["a dispatcher looks at what runs", "a dispatcher takes back"] * 2,
)  # fmt: skip


def pick(many: Sequence[T], number: int) -> T:
    """Mostly the latest; now and then any."""
    return many[-1] if number < 5 else many[(number - 5) % len(many)]


@pytest.mark.timeout(400)  # a failure is made as small as can be, which takes its time
def test_whatever_the_order_every_promise_is_kept(context: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clock = Clock(monkeypatch)
    run_state_machine_as_test(
        lambda: Interleavings(tmp_path / "darkroom.db", clock),
        settings=settings(
            max_examples=40, stateful_step_count=60, deadline=None, database=None, print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
