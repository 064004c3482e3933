"""What there is to strike: the processes below a service, at work or idle, and a queue with something in it."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from tests.chaos import processes
from tests.chaos.missed import Missed
from tests.chaos.queues import NAMES
from tests.chaos.rig import Rig

UPLOADS = 4
"""Photos that are sent while a fault is in force, so that it meets somebody."""

_SECONDS = 20
_LOOK_SECONDS = 0.002
_BURST = 6


def service(rig: Rig, random: Random, kind: str) -> str:
    """The name of one that runs."""
    running = [one.name for one in rig.of_kind(kind) if one.process is not None and one.process.poll() is None]
    if not running:
        raise Missed(f"no {kind} runs at this moment")
    return random.choice(running)


def busy(rig: Rig, random: Random) -> tuple[str, int, int]:
    """A pool process that works and the process of its work, now: strike at once. Sends some photos first."""
    rig.load.release(_BURST)
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        at_work = [(name, child, work) for name, child in _pool(rig) for work in processes.children(child)]
        if at_work:
            return random.choice(at_work)
        time.sleep(_LOOK_SECONDS)
    raise Missed("no worker works at this moment")


def idle(rig: Rig, random: Random) -> tuple[str, int]:
    """A pool process that does not work."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        resting = [(name, child) for name, child in _pool(rig) if not processes.children(child)]
        if resting:
            return random.choice(resting)
        time.sleep(_LOOK_SECONDS)
    raise Missed("no pool process is idle at this moment")


@contextmanager
def full_queue(rig: Rig, random: Random, messages: int) -> Iterator[str]:
    """The name of a queue in which at least so many messages wait: the workers' main processes are held that long."""
    held = [one.process.pid for one in rig.of_kind("worker") if one.process is not None]
    processes.send(signal.SIGSTOP, *held)
    try:
        rig.load.release(messages * 2)
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            full = [name for name in NAMES if rig.queues.ready(name) >= messages]
            if full:
                yield random.choice(full)
                return
            time.sleep(_LOOK_SECONDS)
        raise Missed(f"no queue had {messages} messages")
    finally:
        processes.send(signal.SIGCONT, *held)


def _pool(rig: Rig) -> Iterator[tuple[str, int]]:
    for one in rig.of_kind("worker"):
        if one.process is not None:
            for child in processes.children(one.process.pid):
                yield one.name, child
