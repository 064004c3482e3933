"""The ways that are measured, each a process of its own that stays."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bench.imaging.workloads import Workload

ROOT = Path(__file__).parents[2]
PEERS = ROOT / "bench" / "peers"
ENVIRONMENT = {
    "VIPS_CONCURRENCY": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",  # as the workers are started, docs/performance.md says why
}
BARE, PIPELINE, SHARP = "bare", "pipeline", "sharp"
TITLES = {
    PIPELINE: "**the pipeline**",
    BARE: "the bare loop",
    "codecs": "the bare loop, files alone",
    "pillow": "the bare loop, Pillow alone",
    "vips": "pyvips",
    SHARP: "sharp",
    "clones": "sharp, with `clone()`",
    "naive": "the naive way",
}


class WayFailed(Exception):
    """Says which, and what it said."""


@dataclass
class Way:
    name: str
    process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        script = ["node", str(PEERS / "sharp.mjs"), self.name]
        module = [sys.executable, "-m", "bench.imaging.answering", self.name]
        self.process = subprocess.Popen(
            script if self.name in (SHARP, "clones") else module,
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | ENVIRONMENT,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def does(self, workload: Workload) -> bool:
        """sharp's clones differ from its cascade where there are several outputs only."""
        return self.name != "clones" or len(workload.outputs) > 1

    def ask(self, job: dict[str, Any]) -> dict[str, float]:
        """CPU and wall seconds for one time, and the megabytes of the process at its largest. Raises WayFailed."""
        try:
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, ValueError):
            raise WayFailed(f"{self.name} gave no answer to {job}") from None


def sharp_is_there() -> bool:
    """sharp, installed where it is not yet; False, and why on stderr, where there is no npm or it can not."""
    if (PEERS / "node_modules" / "sharp").exists():
        return True
    if not shutil.which("npm"):
        print("There is no npm: sharp is left out.", file=sys.stderr)
        return False
    command = ["npm", "ci", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=PEERS, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"npm can not install sharp, which is left out: {done.stderr.strip()}", file=sys.stderr)
    return not done.returncode
