"""What was measured, as Markdown: docs/performance.md is made of it."""

import os
import platform
import re
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from bench.imaging.ways import BARE, PEERS, PIPELINE, SHARP, TITLES
from bench.imaging.workloads import Workload


@dataclass
class Figures:
    """Of one way with one workload; the lists are in the same order for every way, so that they are paired."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    kilobytes: list[float] = field(default_factory=list)
    similarity: list[float] = field(default_factory=list)
    peak: float = 0

    def times(self, other: "Figures") -> float:
        """How many times as fast as the other: the median of the ratios of what was measured one after the other."""
        return statistics.median(theirs / ours for ours, theirs in zip(self.cpu, other.cpu, strict=True))


def rows(workload: Workload, figures: dict[str, Figures]) -> Iterator[str]:
    yield f"### {workload.name}: {workload.title}\n"
    yield "| way | CPU ms | wall ms | × the bare loop | KB | SSIM, mean and least | peak MB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, one in figures.items():
        cpu, wall = (f"{statistics.median(seconds) * 1e3:.4g}" for seconds in (one.cpu, one.wall))
        alike = f"{statistics.mean(one.similarity):.4f}, {min(one.similarity):.4f}"
        size = f"{statistics.mean(one.kilobytes):.0f}"
        times = f"{one.times(figures[BARE]):.2f}"
        yield f"| {TITLES[name]} | {cpu} | {wall} | {times} | {size} | {alike} | {one.peak:.0f} |"
    yield ""


def verdicts(workload: Workload, figures: dict[str, Figures]) -> Iterator[str]:
    """What was to be reached, and whether it was."""
    pipeline = figures[PIPELINE]
    wanted = [(TITLES[name], name, workload.target) for name in (BARE, "codecs", "pillow") if name in figures]
    wanted += [(TITLES[SHARP], SHARP, 1.0)] if workload.as_sharp and SHARP in figures else []
    for title, name, target in wanted:
        times = pipeline.times(figures[name])
        yield f"| {workload.name} | {title} | {target} | {times:.2f} | {'yes' if times >= target else 'no'} |"


def machine(sources: Sequence[str]) -> Iterator[str]:
    info = Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*:\s*(.*)", info)
    yield f"- {model[1] if model else platform.processor()}, {os.cpu_count()} cores; {platform.platform()}"
    names = ("Pillow", "cykooz-resizer", "pyvips-binary", "pyvips")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in names)
    yield f"- Python {platform.python_version()}, {versions}{_sharp()}"
    yield f"- {len(sources)} photographs: {', '.join(sources)}"


def _sharp() -> str:
    script = "const s = require('sharp').versions; console.log(`sharp ${s.sharp} with libvips ${s.vips}`)"
    try:
        found = subprocess.run(["node", "-e", script], cwd=PEERS, capture_output=True, text=True, check=True)
        node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f", {found.stdout.strip()}, Node.js {node.stdout.strip()}"
