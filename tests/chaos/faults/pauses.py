"""Processes that stand still for longer than a lease, and then go on as if nothing had been."""

import signal
import sqlite3
import time
from contextlib import closing
from random import Random

from tests.chaos import processes
from tests.chaos.faults import fault, targets
from tests.chaos.missed import Missed
from tests.chaos.rig import LEASE_SECONDS, Rig

_TAKEN_BACK_AFTER_SECONDS = 4
"""The dispatcher takes a lease for ended only after it has seen it so for three seconds, once in each."""

_SUCCESSOR_SECONDS = 30


def _pause(rig: Rig, random: Random, pids: list[int]) -> str:
    seconds = LEASE_SECONDS + _TAKEN_BACK_AFTER_SECONDS + random.uniform(1, 4)
    processes.send(signal.SIGSTOP, *pids)
    rig.wait(seconds)
    processes.send(signal.SIGCONT, *pids)
    return f"{seconds:.1f} s"


def _whole(rig: Rig, name: str) -> list[int]:
    pid = rig.services[name].pid
    return [pid, *processes.descendants(pid)]


@fault("pause a worker")
def worker(rig: Rig, random: Random) -> str:
    """All of its processes, in the middle of their work."""
    name, _, _ = targets.busy(rig, random)
    return f"{name} for {_pause(rig, random, _whole(rig, name))}"


@fault("pause a pool process")
def pool_process(rig: Rig, random: Random) -> str:
    """Only the process that holds the lease; its work goes on and has nobody to tell."""
    name, child, _ = targets.busy(rig, random)
    return f"{child} of {name} for {_pause(rig, random, [child])}"


@fault("pause the work")
def work(rig: Rig, random: Random) -> str:
    """Only the work; the lease is renewed while nothing gets done."""
    name, _, work = targets.busy(rig, random)
    return f"{work} of {name} for {_pause(rig, random, [work])}"


@fault("pause a dispatcher")
def dispatcher(rig: Rig, random: Random) -> str:
    name = targets.service(rig, random, "dispatcher")
    return f"{name} for {_pause(rig, random, _whole(rig, name))}"


@fault("pause the web")
def web(rig: Rig, random: Random) -> str:
    rig.load.release(targets.UPLOADS)
    return _pause(rig, random, _whole(rig, "web"))


@fault("pause an owner and its successor", alone="successor")
def successor(rig: Rig, random: Random) -> str:
    """The owner of an item stands still until another has taken it over, and ends its work while that one stands still.

    Of the two only the second may end the item: this is what the number of the attempt is for.
    """
    _, first, _ = targets.busy(rig, random)
    held = [first]
    processes.send(signal.SIGSTOP, first)
    try:
        second = _successor(rig, _item_of(rig, first), first)
        held.append(second)
        processes.send(signal.SIGSTOP, second)
        processes.send(signal.SIGCONT, first)
        rig.wait(1)
    finally:
        processes.send(signal.SIGCONT, *held)
    return f"{first}, then {second}"


def _item_of(rig: Rig, pid: int) -> str:
    with closing(_read(rig)) as rows:
        row = rows.execute("SELECT id FROM items WHERE state = 'running' AND worker LIKE ?", (f"%:{pid}",)).fetchone()
    if row is None:
        raise Missed("it had no item any more")
    return str(row[0])


def _successor(rig: Rig, item: str, first: int) -> int:
    """The process that runs the item now, as soon as it does."""
    deadline = time.monotonic() + _SUCCESSOR_SECONDS
    with closing(_read(rig)) as rows:
        while time.monotonic() < deadline:
            query = "SELECT worker FROM items WHERE id = ? AND state = 'running'"
            row = rows.execute(query, (item,)).fetchone()
            if row and row[0] and (pid := int(row[0].rpartition(":")[2])) != first:
                return pid
            time.sleep(0.005)
    raise Missed("nobody took the item over in time")


def _read(rig: Rig) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{rig.database}?mode=ro", uri=True, timeout=20)
