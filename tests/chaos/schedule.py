"""What is done when: every kind of fault in turn, in an order and with pauses that the seed decides."""

import datetime as dt
import itertools
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.chaos.faults import Fault
from tests.chaos.ledger import Ledger
from tests.chaos.missed import Missed
from tests.chaos.rig import Rig
from tests.chaos.users import ACTS

_HANDS = 3
"""So many faults may be in force at once."""
_FAULTS_PER_ACT = 4
_TRY_SECONDS = 60
_TRY_AGAIN_SECONDS = 1

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Done:
    kind: str
    struck: str
    begun: dt.datetime
    ended: dt.datetime


@dataclass(slots=True)
class Record:
    """What was really done. `missed` are the kinds for which nothing could be struck, however often it was tried."""

    faults: list[Done] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)


def order(kinds: Iterable[Fault], count: int, seed: str) -> list[Fault]:
    """Round after round of all kinds, shuffled; in the first one those come first whose consequences last."""
    kinds, generator = list(kinds), random.Random(f"{seed} order")
    rounds: list[Fault] = []
    while len(rounds) < count:
        generator.shuffle(kinds)
        rounds += sorted(kinds, key=lambda fault: not fault.lasting) if not rounds else kinds
    return rounds[:count]


class Schedule:
    def __init__(self, rig: Rig, ledger: Ledger, seed: str, pause_seconds: float, say: Say) -> None:
        self._rig, self._ledger, self._seed, self._say = rig, ledger, seed, say
        self._pause_seconds = pause_seconds
        self._alone: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._began = time.monotonic()
        self.record = Record()

    def run(self, faults: list[Fault]) -> Record:
        """All of them, three hands at once, with acts of people in between; each lets some more photos be sent."""
        pauses, hands = random.Random(f"{self._seed} pauses"), threading.Semaphore(_HANDS)
        running: list[Future[None]] = []
        acts = itertools.cycle(ACTS)
        with ThreadPoolExecutor(_HANDS + 1) as pool:
            for number, fault in enumerate(faults):
                self._rig.load.release(self._rig.load.unreleased // (len(faults) - number + 1))
                self._rig.wait(pauses.uniform(0, 2 * self._pause_seconds))
                hands.acquire()
                running.append(pool.submit(self._fault, fault, number))
                running[-1].add_done_callback(lambda _: hands.release())
                if number % _FAULTS_PER_ACT == 0:
                    running.append(pool.submit(self._act, next(acts), number))
                for done in [future for future in running if future.done()]:
                    done.result()  # a fault that failed itself ends the run
                    running.remove(done)
            for future in running:
                future.result()
        return self.record

    def _fault(self, fault: Fault, number: int) -> None:
        with self._alone[fault.alone or f"{fault.kind} {number}"]:
            deadline = time.monotonic() + _TRY_SECONDS
            for attempt in itertools.count():
                begun = dt.datetime.now(dt.UTC)
                try:
                    struck = fault.strike(self._rig, random.Random(f"{self._seed} {number} {attempt}"))
                except Missed as reason:
                    if not attempt:
                        self._tell(fault.kind, f"not yet: {reason}")
                    if time.monotonic() > deadline:
                        self.record.missed[fault.kind] += 1
                        return
                    self._rig.wait(_TRY_AGAIN_SECONDS)
                else:
                    self.record.faults.append(Done(fault.kind, struck, begun, dt.datetime.now(dt.UTC)))
                    self._tell(fault.kind, struck)
                    return

    def _act(self, kind: str, number: int) -> None:
        try:
            done = ACTS[kind](self._rig, random.Random(f"{self._seed} {number} act"), self._ledger)
        except Missed as reason:
            self._tell(kind, f"not now: {reason}")
        else:
            self.record.acts[kind] += 1
            self._tell(kind, done)

    def _tell(self, kind: str, what: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.1f} s  {kind}: {what}")
