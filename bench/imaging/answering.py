"""A way of making outputs as a process that stays: `python -m bench.imaging.answering bare`.

It answers one JSON line for each one that it reads, so that what it costs to start is not measured.
"""

import importlib
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def timed(make: Callable[[dict[str, Any]], None], job: dict[str, Any]) -> dict[str, float]:
    """Seconds for one time."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(job["repeat"]):
        make(job)
    seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return {clock: taken / job["repeat"] for clock, taken in seconds.items()}


def peak_megabytes() -> float:
    """The most that the process has had in memory: VmHWM of proc(5)."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def main() -> None:
    make = importlib.import_module(f"bench.imaging.{sys.argv[1]}").make
    for line in sys.stdin:
        print(json.dumps(timed(make, json.loads(line)) | {"peak": peak_megabytes()}), flush=True)


if __name__ == "__main__":
    main()
