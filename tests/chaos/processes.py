"""The processes of this machine, as /proc tells of them. Linux only."""

import os
import signal
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def children(pid: int) -> list[int]:
    """Those that any thread of the process has started and that are still there."""
    found: list[int] = []
    with suppress(OSError):  # it may end at any moment
        for thread in (_PROC / str(pid) / "task").iterdir():
            found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def descendants(pid: int) -> list[int]:
    """Children, their children and so on, the older before the younger."""
    below = children(pid)
    return below + [deeper for child in below for deeper in descendants(child)]


def send(number: signal.Signals, *pids: int) -> bool:
    """Send them the signal; False where one of them was gone already."""
    arrived = True
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            arrived = False
    return arrived


def with_variable(setting: str) -> list[int]:
    """All that were started with NAME=value in their environment, and what they forked."""
    found = []
    for folder in _PROC.iterdir():
        if folder.name.isdecimal():
            with suppress(OSError):
                if setting.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found
