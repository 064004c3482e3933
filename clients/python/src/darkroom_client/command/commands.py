"""What each command does."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rich.console import Console

from darkroom_client import Client, Fetched, Job
from darkroom_client.command import exits, words
from darkroom_client.command.bars import Bars
from darkroom_client.command.display import Display, Lines
from darkroom_client.command.exits import Exit
from darkroom_client.command.submission import Order


@dataclass(frozen=True, slots=True)
class Call:
    arguments: argparse.Namespace
    client: Client
    environ: Mapping[str, str]

    def display(self, *, quiet: bool = False) -> Display:
        """Bars on a terminal, lines elsewhere."""
        if quiet or self.arguments.json:
            return Display()
        console = Console()
        return Bars(console) if console.is_terminal and not console.is_dumb_terminal else Lines()

    def answer(self, document: Mapping[str, Any], *lines: str) -> None:
        """The document with --json, the lines otherwise."""
        if self.arguments.json:
            print(json.dumps(document))
        for line in () if self.arguments.json else lines:
            print(words.printable(line))


def submit(call: Call) -> Exit:
    wanted = call.arguments
    order = Order(wanted, call.environ)
    with call.display(quiet=wanted.wait) as display:
        job = order.job(call.client, display)
        if not (wanted.watch or wanted.wait or wanted.output):
            order.over()
            call.answer(job.document, _introduced(call, job))
            return Exit.WELL
        display.say(_introduced(call, job))
        job = _followed(call, job.id, display)
    code = _ended(call, job, tell_failures=wanted.wait)
    order.over()
    return code


def watch(call: Call) -> Exit:
    with call.display() as display:
        job = _followed(call, call.arguments.job, display)
    return _ended(call, job)


def get(call: Call) -> Exit:
    job = call.client.job(call.arguments.job)
    if job.ended:
        return _ended(call, job)
    call.answer({**job.document, "files": _fetched(call, job)})
    note = (
        f"The job is {job.state}: {job.progress.ended:,} of {job.progress.total:,} files have ended. Ask again later."
    )
    print(note, file=sys.stderr)
    return Exit.SOME_FAILED


def _followed(call: Call, job_id: str, display: Display) -> Job:
    for job in call.client.watch(job_id):
        display.seen(job)
    return job


def _ended(call: Call, job: Job, *, tell_failures: bool = False) -> Exit:
    """Fetches the results if that is wanted."""
    files = None if call.arguments.output is None else _fetched(call, job)
    failures = [f"{item.name}: {words.of_item(item)}" for item in job.items if item.error and tell_failures]
    document = job.document if files is None else {**job.document, "files": files}
    call.answer(document, *failures, words.of_end(job))
    return exits.of_job(job)


def _fetched(call: Call, job: Job) -> list[dict[str, Any]]:
    """Tells of each file when it is there."""
    files = []
    for fetched in call.client.fetch(job, call.arguments.output):
        files.append(_document(fetched))
        if not call.arguments.json:
            note = "was there" if fetched.was_there else words.size(fetched.output.bytes)
            print(f"{words.printable(fetched.path)}  {note}", flush=True)
    return files


def _document(fetched: Fetched) -> dict[str, Any]:
    output = fetched.output
    return {
        "path": str(fetched.path), "output": output.id, "bytes": output.bytes, "sha256": output.sha256,
        "was_there": fetched.was_there,
    }  # fmt: skip


def _introduced(call: Call, job: Job) -> str:
    files = words.counted(job.progress.total, "file")
    return f"job {job.id}: {files}, {job.recipe}, {call.client.address(job.page)}"


def jobs(call: Call) -> Exit:
    wanted = call.arguments
    filters = {name: value for name in ("state", "recipe") if (value := getattr(wanted, name))}
    found = list(islice(call.client.jobs(limit=min(wanted.number, 200), **filters), wanted.number))
    lines = [
        f"{job.id}  {job.created_at:%Y-%m-%d %H:%M}Z  {job.state:<9}  {job.progress.ended:,}/{job.progress.total:,}"
        f"  {job.recipe}"
        for job in found
    ]
    call.answer({"jobs": [job.document for job in found]}, *lines or ["There are none."])
    return Exit.WELL


def cancel(call: Call) -> Exit:
    stopped = call.client.cancel(call.arguments.job)
    line = f"stopped: {stopped.waiting:,} waiting and {stopped.running:,} running; {stopped.ended:,} had ended before"
    call.answer({"canceled": {"waiting": stopped.waiting, "running": stopped.running, "ended": stopped.ended}}, line)
    return Exit.WELL


def retry(call: Call) -> Exit:
    job = call.client.retry(call.arguments.job)
    call.answer(job.document, _introduced(call, job))
    return Exit.WELL


def recipes(call: Call) -> Exit:
    found = call.client.recipes()
    lines = []
    for recipe in found:
        lines.append(f"{recipe.name}@{recipe.version}  {recipe.description}")
        lines += [f"    --var {name}={json.dumps(_default(known))}" for name, known in recipe.vars.items()]
    call.answer({"recipes": [recipe.document for recipe in found]}, *lines)
    return Exit.WELL


def _default(known: Any) -> Any:
    return known.get("default") if isinstance(known, dict) else known


def status(call: Call) -> Exit:
    found = call.client.status()
    call.answer(
        found.document,
        *[_lane(lane.lane, lane.waiting, lane.running, paused=bool(lane.paused_since)) for lane in found.lanes],
        f"workers      {len(found.workers)}, dispatchers {len(found.dispatchers)}",
        f"disk         {words.size(found.disk.free_bytes)} free, {words.size(found.disk.reserved_bytes)} of them kept",
        f"version      {found.versions.get('darkroom', 'unknown')}",
    )
    return Exit.WELL


def _lane(name: str, waiting: int, running: int, *, paused: bool) -> str:
    return f"{name:<12} {waiting:,} waiting, {running:,} running" + (", paused" if paused else "")


COMMANDS: Mapping[str, Callable[[Call], Exit]] = {
    command.__name__: command for command in (submit, watch, get, jobs, cancel, retry, recipes, status)
}
