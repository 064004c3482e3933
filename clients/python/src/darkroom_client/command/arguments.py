"""The command line."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from darkroom_client import DEFAULT_URL, __version__
from darkroom_client.client import Value
from darkroom_client.command.exits import Exit
from darkroom_client.documents import ENDED

_LONG, _SHORT = 300.0, 10.0
"""For how long something is tried again: what takes long anyhow, and what somebody waits for at the terminal."""
_STATES = ("queued", "running", *sorted(ENDED))


def parser(environ: Mapping[str, str]) -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="darkroom", description="Submit files to Darkroom, watch their jobs, fetch the results.",
        epilog=_epilog(), formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
    )  # fmt: skip
    whole.add_argument("--version", action="version", version=f"darkroom-client {__version__}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, help: str, retry_for: float = _SHORT) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=help, description=help, allow_abbrev=False)
        _common(made, environ, retry_for)
        return made

    _submit(command("submit", "Make a job of files.", _LONG))
    watch = command("watch", "Watch a job until it has ended.", _LONG)
    _job(watch)
    _output(watch, "then fetch the results into this folder")
    get = command("get", "Fetch the results of a job; what is there already is not fetched again.", _LONG)
    _job(get)
    _output(get, "the folder, made where it is not there (default: %(default)s)", default=Path())
    _jobs(command("jobs", "List the newest jobs."))
    _job(command("cancel", "Stop what waits and what runs of a job."))
    _job(command("retry", "Try the failed files of a job again."))
    command("recipes", "List what can be made of files.")
    command("status", "Say what runs, what waits and how much room there is.")
    return whole


def _common(made: argparse.ArgumentParser, environ: Mapping[str, str], retry_for: float) -> None:
    url = environ.get("DARKROOM_URL", "").strip() or DEFAULT_URL
    made.add_argument("--url", default=url, help="where Darkroom is (default: DARKROOM_URL, or %(default)s)")
    made.add_argument("--json", action="store_true", help="print nothing but one JSON document")
    made.add_argument(
        "--retry-for", type=_seconds, default=retry_for, metavar="SECONDS",
        help="for how long to try again what may work later (default: %(default)g)",
    )  # fmt: skip


def _submit(made: argparse.ArgumentParser) -> None:
    made.add_argument("files", nargs="+", type=Path, metavar="FILE")
    made.add_argument("--recipe", help="what to make: NAME or NAME@VERSION (default: the server's)")
    made.add_argument(
        "--var", dest="variables", action="append", type=_variable, default=[], metavar="NAME=VALUE",
        help='a variable of the recipe; numbers, true and false are such, and "3" is a text',
    )  # fmt: skip
    made.add_argument("--lane", choices=("interactive", "bulk"), help="where it waits (default: as the recipe says)")
    how = made.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help="show what happens to each file until all have ended")
    how.add_argument("--wait", action="store_true", help="wait until all have ended, and show only that")
    _output(made, "wait, then fetch the results into this folder")


def _output(made: argparse.ArgumentParser, help: str, default: Path | None = None) -> None:
    made.add_argument("-o", "--output", type=Path, default=default, metavar="DIR", help=help)


def _job(made: argparse.ArgumentParser) -> None:
    made.add_argument("job", type=_id, metavar="JOB", help="its id")


def _jobs(made: argparse.ArgumentParser) -> None:
    made.add_argument("--state", choices=_STATES, help="only those in this state")
    made.add_argument("--recipe", help="only those of this recipe")
    made.add_argument("-n", "--number", type=_number, default=20, metavar="N", help="how many (default: %(default)d)")


def _variable(text: str) -> tuple[str, Value]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, _value(value)


def _value(text: str) -> Value:
    try:
        value: Any = json.loads(text, parse_constant=str)
    except ValueError:
        return text
    return value if isinstance(value, str | int | float) else text


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 1e9:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return seconds


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("1 is the least")
    return number


def _id(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text.strip()


def _epilog() -> str:
    codes = "\n".join(f"  {code.value:<4} {code.meaning}" for code in Exit)
    return (
        f"exit codes:\n{codes}\n\nDARKROOM_URL says where Darkroom is; DARKROOM_TOKEN has the token, if one is needed."
    )
