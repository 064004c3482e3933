"""What an item costs besides its pixels: `python -m bench.item`.

All of `Bench.made` (recipe, keys, looking for results that are there, a process of its own, its answer, hashing and
keeping the files) against `render` alone, in turns and in one process, which has what a worker has.
"""

import logging
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import flask_migrate

from app import create_app
from app.imaging.limits import Limits
from app.imaging.pipeline import render
from app.items import Claim
from app.models import Lane
from app.recipes import Recipe, parse
from app.settings import load
from app.storage import Store
from bench.imaging.workloads import WORKLOADS, Workload
from bench.photographs import sources
from tasks import work
from tasks.bench import Bench

ROUNDS = 15
LIMITS = Limits(max_pixels=100_000_000, max_frames=500)


def recipe_of(workload: Workload) -> Recipe:
    widths = {str(output.width) for output in workload.outputs}
    formats = {width: [one.format for one in workload.outputs if str(one.width) == width] for width in widths}
    return parse({
        "schema": 1, "name": "measured", "version": 1,
        "steps": {f"to-{width}": {"op": "resize", "with": {"width": int(width)}} for width in widths},
        "outputs": {width: {"from": f"to-{width}", "formats": formats[width]} for width in widths},
    })  # fmt: skip


def claim_of(sha256: str) -> Claim:
    return Claim(
        item_id=uuid4(), job_id=uuid4(), attempt=1, strikes=0, retries=0, troubled_since=None, name="photo.jpg",
        asset_id=uuid4(), sha256=sha256, source_url=None, recipe="measured", recipe_version=1, variables={},
        lane=Lane.BULK,
    )  # fmt: skip


def milliseconds(what: Callable[[], object]) -> tuple[float, float]:
    """Of CPU, with that of the children, and on the wall."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    what()
    return (cpu_seconds() - cpu) * 1e3, (time.perf_counter() - wall) * 1e3


def cpu_seconds() -> float:
    """Of this process and of its children that have ended; `os.times` counts in hundredths."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


@contextmanager
def a_store(folder: Path):
    """With a database that has no results yet."""
    app = create_app(load({
        "SECRET_KEY": os.urandom(16).hex(), "DATABASE_URL": f"sqlite:///{folder}/darkroom.db",
        "MEDIA_ROOT": str(folder / "media"), "BROKER_URL": "amqp://nobody:nothing@127.0.0.1:1//",
    }))  # fmt: skip
    with app.app_context():
        flask_migrate.upgrade()
        yield Store(folder / "media")


def measured(workload: Workload, store: Store, photograph: Path) -> list[list[float]]:
    """CPU and wall of the whole, CPU and wall of the pixels alone."""
    incoming = store.receive()
    incoming.write(photograph.read_bytes())
    claim, recipe = claim_of(incoming.keep().sha256), recipe_of(workload)
    run = partial(work.run, look=lambda: None, seconds=60)
    taken = []
    for _ in range(ROUNDS + 1):
        with store.scratch() as scratch:
            bench = Bench(store, LIMITS, scratch, run, lambda ask: ask())
            whole = milliseconds(lambda: bench.made(claim, claim.sha256, recipe))  # noqa: B023 - called at once
        with store.scratch() as scratch:
            making = recipe.making()
            alone = milliseconds(lambda: render(photograph, making, scratch, LIMITS))  # noqa: B023
        taken.append([*whole, *alone])
    return taken[1:]


def main() -> None:
    logging.disable(logging.INFO)
    photographs = sources()
    print("| workload | CPU ms: item, pixels | besides | wall ms: item, pixels | besides |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for workload in (one for one in WORKLOADS if one.name in ("W1", "W2", "W6")):
        with tempfile.TemporaryDirectory() as folder, a_store(Path(folder)) as store:
            taken = [row for photograph in workload.of(photographs) for row in measured(workload, store, photograph)]
        cpu, wall, cpu_alone, wall_alone = (statistics.median(column) for column in zip(*taken, strict=True))
        more = [statistics.median(row[at] - row[at + 2] for row in taken) for at in (0, 1)]
        print(
            f"| {workload.name}: {workload.title} | {cpu:.1f}, {cpu_alone:.1f} | {more[0]:.1f}"
            f" | {wall:.1f}, {wall_alone:.1f} | {more[1]:.1f} |"
        )


if __name__ == "__main__":
    main()
