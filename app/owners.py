"""Who holds a lease, told so exactly that its death can be proved.

An owner is a process: the machine's boot, the PID namespace, the process id and the time at which it started. Whoever
looks from the same boot and namespace can see whether that very process still runs; everybody else has to wait for the
end of the lease. Linux only: elsewhere nothing is proved.
"""

import os
from functools import cache
from pathlib import Path

from app.ids import new_id

_PROC = Path("/proc")
_GONE = ("Z", "X")
"""States of proc(5): a zombie or a dead process does nothing any more."""


def this_process() -> str:
    """The owner that the calling process is."""
    pid = os.getpid()
    status = _status(pid)
    return f"{_space() or _unlike_any(pid)}:{pid}:{status[1] if status else 0}"


def is_provably_dead(owner: str) -> bool:
    """True only where the process certainly runs no more; False also means: it can not be told from here."""
    space, _, process = owner.rpartition(":")
    space, _, pid = space.rpartition(":")
    if not space or space != _space():
        return False
    status = _status(int(pid))
    if status is None:
        return _is_free(int(pid))
    state, started = status
    return state in _GONE or started != process


@cache
def _space() -> str:
    """The boot and the PID namespace of this process; empty where the system tells neither."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}:{(_PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


@cache
def _unlike_any(pid: int) -> str:
    """Stands for the space where there is none to tell: the owner is then nobody else, and never provably dead."""
    return str(new_id())


def _status(pid: int) -> tuple[str, str] | None:
    """State and start time of proc(5); a process may be called anything, so what is read begins behind its name."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], fields[19]


def _is_free(pid: int) -> bool:
    """Whether there is no such process at all; /proc may only be hiding it (hidepid)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
