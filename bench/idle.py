"""What each process costs while there is nothing to do: `python -m bench.idle`."""

import os
import tempfile
import time
from pathlib import Path

from tests import rabbitmq
from tests.system import System

SECONDS = 60


def cpu_seconds(pid: int) -> float:
    """Of the process and its ended children: fields 14 to 17 of proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with (
        rabbitmq.own(print, rabbitmq.choose(print)) as broker,
        tempfile.TemporaryDirectory() as folder,
        System(Path(folder), broker.url) as system,
    ):
        time.sleep(5)  # what starting costs is another thing
        before = {name: cpu_seconds(process.pid) for name, process in system.processes.items()}
        time.sleep(SECONDS)
        for name, process in system.processes.items():
            print(f"{name:<11} {(cpu_seconds(process.pid) - before[name]) / SECONDS:6.2%} of a core")


if __name__ == "__main__":
    main()
