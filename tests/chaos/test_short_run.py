"""A short chaos run with every kind of fault, as a command, as somebody would start it."""

import os
import secrets
import subprocess
import sys

import pytest

from app.settings import PROJECT_ROOT

_SECONDS = 600
"""It takes about a hundred; a machine that does something else at the same time may need more."""


@pytest.mark.timeout(_SECONDS + 60)
def test_nothing_is_lost_or_done_twice_whatever_breaks():
    seed = os.environ.get("CHAOS_SEED") or secrets.token_hex(4)
    command = [sys.executable, "-m", "tests.chaos", "--items", "200", "--pause", "0.5", "--seed", seed]
    print("run it again with:", *command)
    with subprocess.Popen(
        command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        try:
            output, _ = run.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            run.terminate()
            output, _ = run.communicate(timeout=60)
            pytest.fail(f"seed {seed}: not done within {_SECONDS} s\n{output}")
    print(output)
    assert run.returncode == 0, f"seed {seed}: see the output above"
