"""A short chaos run with every kind of fault, as a command, as somebody would start it."""

import os
import secrets
import subprocess
import sys

import pytest

from app.settings import PROJECT_ROOT

_SECONDS = 600
"""It takes about a hundred; a machine that does something else at the same time may need more."""
_RUNS = 2
_NOTHING_FOUND = "lost 0, doubled 0, torn 0, orphaned 0, miscounted 0"
_FAULT_LEFT_OUT = "\nNOT DONE: "


@pytest.mark.timeout(_RUNS * (_SECONDS + 60))
def test_nothing_is_lost_or_done_twice_whatever_breaks():
    """Where all items were done before the last faults could strike anything, it is begun anew with another seed."""
    for _ in range(_RUNS):
        seed = os.environ.get("CHAOS_SEED") or secrets.token_hex(4)
        code, output = run(seed)
        print(output)
        if code == 0 or not (_FAULT_LEFT_OUT in output and _NOTHING_FOUND in output):
            break
    assert code == 0, f"seed {seed}: see the output above"


def run(seed: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "tests.chaos", "--items", "200", "--pause", "0.5", "--seed", seed]
    print("run it again with:", *command)
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        try:
            output, _ = running.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            running.terminate()
            output, _ = running.communicate(timeout=60)
            pytest.fail(f"seed {seed}: not done within {_SECONDS} s\n{output}")
    return running.returncode, output
