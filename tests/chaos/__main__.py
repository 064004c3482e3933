"""`python -m tests.chaos --items 10000 --faults 200 --seed 7`: one run; ends with 0 where its report is good."""

import argparse
import secrets
import signal
import sys
import time
from types import FrameType

from tests import rabbitmq
from tests.chaos import faults
from tests.chaos.run import Plan, run

_BROKERS: dict[str, type[rabbitmq.Broker]] = {"node": rabbitmq.PrivateNode, "container": rabbitmq.Container}


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _end)
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:7.1f}] {what}", flush=True)

    say(f"seed {arguments.seed}")
    try:
        broker = _BROKERS[arguments.broker] if arguments.broker else rabbitmq.choose(say)
    except LookupError as error:
        sys.exit(f"The chaos run needs a RabbitMQ of its own, which it may kill: {error}.")
    kinds = tuple(fault for fault in faults.found() if not arguments.only or fault.kind in arguments.only)
    count = arguments.faults or len(kinds)
    report = run(Plan(arguments.items, count, arguments.seed, arguments.pause, broker, kinds), say)
    print("", *report.lines(), sep="\n", flush=True)
    return 0 if report.good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--items", type=int, default=300, help="photos sent in all (300)")
    parser.add_argument("--seed", default=secrets.token_hex(4), help="what decides all that is random (random)")
    parser.add_argument("--faults", type=int, help="how many (one of each kind)")
    parser.add_argument(
        "--only", action="append", choices=[fault.kind for fault in faults.found()], metavar="KIND",
        help="only faults of this kind; may be given several times (all)",
    )  # fmt: skip
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between faults, on average (1)")
    parser.add_argument("--broker", choices=_BROKERS, help="what RabbitMQ is started as (what there is)")
    return parser.parse_args()


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
