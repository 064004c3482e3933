"""What people do meanwhile: they cancel jobs, have failed ones tried again, and delete them."""

import time
from collections.abc import Callable
from random import Random

import httpx

from tests.chaos.ledger import DELETED, DELETING, Ledger
from tests.chaos.missed import Missed
from tests.chaos.rig import Rig

Act = Callable[[Rig, Random, Ledger], str]

_SECONDS = 40
_PAUSE_SECONDS = 0.2
_JOBS_LOOKED_AT = 40


def cancel(rig: Rig, random: Random, ledger: Ledger) -> str:
    """A job that has not ended, as far as it can be seen."""
    rig.load.release(20)
    job = _pick(rig, random, lambda state: state in ("queued", "running"))
    return f"{job}: {_ask(rig, 'POST', f'/api/v1/jobs/{job}/cancel')}"


def retry(rig: Rig, random: Random, ledger: Ledger) -> str:
    job = _pick(rig, random, lambda state: state in ("failed", "partial"))
    return f"{job}: {_ask(rig, 'POST', f'/api/v1/jobs/{job}/retry')}"


def delete(rig: Rig, random: Random, ledger: Ledger) -> str:
    """A job in any state. Where an answer is lost the client asks again, and takes 404 for the proof."""
    job = random.choice(rig.load.jobs)
    ledger.write(DELETING, job)
    answer = _ask(rig, "DELETE", f"/api/v1/jobs/{job}", good=(204, 404))
    ledger.write(DELETED, job)
    return f"{job}: {answer}"


ACTS: dict[str, Act] = {"cancel a job": cancel, "retry a job": retry, "delete a job": delete}


def _pick(rig: Rig, random: Random, wanted: Callable[[str], bool]) -> str:
    jobs = rig.load.jobs[-_JOBS_LOOKED_AT * 5 :]
    if not jobs:
        raise Missed("no job is accepted yet")
    with httpx.Client(base_url=rig.url, timeout=10) as http:
        for job in [jobs[-1], *random.sample(jobs, min(len(jobs), _JOBS_LOOKED_AT))]:
            try:
                response = http.get(f"/api/v1/jobs/{job}")
            except httpx.TransportError:
                continue
            if response.status_code == 200 and wanted(response.json()["state"]):
                return job
    raise Missed("there is no such job at this moment")


def _ask(rig: Rig, method: str, path: str, good: tuple[int, ...] = (200, 202, 404, 409)) -> int:
    """The answer, asked for again and again until there is a clear one."""
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            status = httpx.request(method, f"{rig.url}{path}", timeout=30).status_code
        except httpx.TransportError:
            status = 0
        if status in good:
            return status
        if time.monotonic() > deadline:
            raise Missed(f"{method} {path} gave no clear answer; the last one is {status}")
        time.sleep(_PAUSE_SECONDS)
