"""The database is locked, the disk is full, the files can not be written."""

import subprocess
import sys
from random import Random

from tests.chaos.faults import fault, targets
from tests.chaos.missed import Missed
from tests.chaos.rig import Rig

_HOLD_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@fault("lock the database", alone="database")
def lock(rig: Rig, random: Random) -> str:
    """Somebody else writes, mostly shortly, sometimes for longer than a lease and than anybody waits for a lock."""
    seconds = random.choices((random.uniform(0.3, 2), random.uniform(3, 7), random.uniform(21, 24)), (6, 3, 1))[0]
    rig.load.release(targets.UPLOADS)
    command = [sys.executable, "-c", _HOLD_LOCK, str(rig.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        if not (holder.stdout and holder.stdout.readline()):
            raise Missed("the lock was not to be had")
        rig.wait(seconds)
        holder.communicate()
    return f"for {seconds:.1f} s"


@fault("fill the disk", alone="database", needs_mount=True)
def full_disk(rig: Rig, random: Random) -> str:
    seconds = random.uniform(2, 7)
    rig.load.release(targets.UPLOADS)
    targets.busy(rig, random)
    try:
        taken = rig.disk.fill()
        rig.wait(seconds)
    finally:
        rig.disk.free()
    return f"{taken >> 20} MiB for {seconds:.1f} s"


@fault("make the files read-only", alone="database", needs_mount=True)
def read_only(rig: Rig, random: Random) -> str:
    """As the kernel does after an error of the disk."""
    seconds = random.uniform(2, 6)
    if not rig.disk.make_read_only():
        raise Missed("some file was always open for writing")
    try:
        rig.load.release(targets.UPLOADS)
        rig.wait(seconds)
    finally:
        rig.disk.make_writable()
    return f"for {seconds:.1f} s"
