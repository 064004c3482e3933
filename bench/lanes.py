"""How soon an interactive item starts on one worker while thousands wait in the bulk lane: `python -m bench.lanes`."""

import datetime as dt
import secrets
import statistics
import tempfile
from pathlib import Path

from tests import rabbitmq
from tests.factories import photo
from tests.system import System
from tests.waiting import wait_until

BULK_JOBS = 5
BULK_FILES = 1000
SAMPLES = 20


def another(content: bytes) -> bytes:
    """A file that looks the same; results of equal files are not made again."""
    return content + secrets.token_bytes(8)


def seconds_to_start(system: System, content: bytes) -> float:
    """From the acceptance of an interactive item to its claim by a worker."""
    job = system.finished(system.submit(("now.jpg", another(content)))["id"])
    assert job["lane"] == "interactive"
    accepted, started = (
        dt.datetime.fromisoformat(moment) for moment in (job["created_at"], job["items"][0]["started_at"])
    )
    return (started - accepted).total_seconds()


def main() -> None:
    content = photo(1600, 1200)
    with (
        rabbitmq.own(print, rabbitmq.choose(print)) as broker,
        tempfile.TemporaryDirectory() as folder,
        System(Path(folder), broker.url) as system,
    ):
        idle = [seconds_to_start(system, content) for _ in range(SAMPLES)]
        jobs = [system.submit(*[(f"{n}.jpg", another(content)) for n in range(BULK_FILES)]) for _ in range(BULK_JOBS)]
        assert {job["lane"] for job in jobs} == {"bulk"}
        wait_until(lambda: system.job(jobs[0]["id"])["state"] == "running", 60, "the bulk lane is worked on")
        busy = [seconds_to_start(system, content) for _ in range(SAMPLES)]
        left = sum(job["progress"]["total"] - system.job(job["id"])["progress"]["ended"] for job in jobs)
    print(f"{'waiting in bulk':<16} {'median s':>8} {'worst s':>8}   of {SAMPLES}")
    for waiting, taken in (("none", idle), (f"{left:,}+", busy)):
        print(f"{waiting:<16} {statistics.median(taken):8.3f} {max(taken):8.3f}")


if __name__ == "__main__":
    main()
