"""How fast an upload is answered while the broker works, is stopped, and blocks publishing: `python -m bench.answers`.

The worker is stopped first, so that all three are measured on the same idle machine, in turns.
"""

import statistics
import tempfile
import time
from pathlib import Path

from tests import rabbitmq
from tests.factories import photo
from tests.rabbitmq import Broker
from tests.system import System

ROUNDS = 3
UPLOADS = 40


def answers(system: System) -> list[float]:
    """Seconds from request to answer, for uploads of one photo."""
    content = photo(800, 600)
    taken = []
    for _ in range(UPLOADS):
        begin = time.perf_counter()
        system.submit(("photo.jpg", content))
        taken.append(time.perf_counter() - begin)
    return taken


def measure(system: System, broker: Broker) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {"works": [], "stopped": [], "disk alarm": []}
    for _ in range(ROUNDS):
        seconds["works"] += answers(system)
        broker.ctl("set_disk_free_limit", "999999999999999")
        seconds["disk alarm"] += answers(system)
        broker.ctl("set_disk_free_limit", "50000000")
        broker.stop()
        seconds["stopped"] += answers(system)
        broker.start()
    return seconds


def main() -> None:
    with (
        rabbitmq.own(print, rabbitmq.choose(print)) as broker,
        tempfile.TemporaryDirectory() as folder,
        System(Path(folder), broker.url, WEB_THREADS="4") as system,
    ):
        system.kill("worker")
        seconds = measure(system, broker)
    usual = statistics.median(seconds["works"])
    print(f"{'broker':<11} {'median ms':>9} {'95% ms':>7} {'worst ms':>8} {'ratio of medians':>16}")
    for state, taken in seconds.items():
        middle, high = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
        print(f"{state:<11} {middle * 1e3:9.1f} {high * 1e3:7.1f} {max(taken) * 1e3:8.1f} {middle / usual:16.2f}")


if __name__ == "__main__":
    main()
