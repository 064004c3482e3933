"""Everything in one run, in turns, so that whatever else the machine does hits all ways alike: `make bench`.

The tables go to stdout, for docs/performance.md; on one core, where the machine can keep a process there.
"""

import argparse
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.imaging import table
from bench.imaging.quality import similarity
from bench.imaging.table import Figures
from bench.imaging.ways import BARE, PIPELINE, SHARP, TITLES, Way, sharp_is_there
from bench.imaging.workloads import WORKLOADS, Workload
from bench.photographs import Sources, sources

ROUNDS = 7


def measured(workload: Workload, ways: list[Way], photographs: Sources, rounds: int) -> dict[str, Figures]:
    """The first round warms up and is not counted; the order of the ways turns from one to the next."""
    figures = {way.name: Figures() for way in ways}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds + 1):
            for source in workload.of(photographs):
                for way in (*ways[turn % len(ways) :], *ways[: turn % len(ways)]):
                    target = Path(folder) / way.name / source.stem
                    target.mkdir(parents=True, exist_ok=True)
                    _note(figures[way.name], way.ask(workload.job(source, target)), counts=turn > 0)
            print(f"{workload.name}: {turn} of {rounds}", file=sys.stderr)
        for way in ways:
            for source in workload.of(photographs):
                files = [Path(folder) / way.name / source.stem / output.file for output in workload.outputs]
                figures[way.name].kilobytes.append(sum(file.stat().st_size for file in files) / 1000)
                figures[way.name].similarity.append(statistics.mean(similarity(source, file) for file in files))
    return figures


def _note(figures: Figures, answer: dict[str, float], *, counts: bool) -> None:
    figures.peak = answer["peak"]
    if counts:
        figures.cpu.append(answer["cpu"])
        figures.wall.append(answer["wall"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each is measured; {ROUNDS}")
    parser.add_argument("--workloads", default=",".join(one.name for one in WORKLOADS), help="for example W1,W6")
    parser.add_argument("--ways", default=",".join(TITLES), help=f"{BARE} and {PIPELINE} always are")
    asked = parser.parse_args()
    photographs = sources()
    names = [name for name in TITLES if name in {BARE, PIPELINE, *asked.ways.split(",")}]
    if not sharp_is_there():
        names = [name for name in names if name not in (SHARP, "clones")]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    verdicts = []
    for workload in (one for one in WORKLOADS if one.name in asked.workloads.split(",")):
        with ExitStack() as stack:  # new processes for each workload: the peaks of memory are its own
            ways = [stack.enter_context(way) for way in map(Way, names) if way.does(workload)]
            figures = measured(workload, ways, photographs, asked.rounds)
        print("\n".join(table.rows(workload, figures)), flush=True)
        verdicts += table.verdicts(workload, figures)
    print("### Targets\n\n| workload | against | at least | reached | met |\n| --- | --- | ---: | ---: | --- |")
    print("\n".join(verdicts))
    print("\n### The machine\n")
    print("\n".join(table.machine([path.stem for path in photographs.large_jpegs])))
    if photographs.why_made_up:
        print(f"- These are made up, for there are no photographs ({photographs.why_made_up}).")


if __name__ == "__main__":
    main()
