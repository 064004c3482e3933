"""The command `darkroom`."""

import os
import sys
from collections.abc import Mapping, Sequence

from darkroom_client import Client, DarkroomError
from darkroom_client.command import exits, words
from darkroom_client.command.arguments import parser
from darkroom_client.command.commands import COMMANDS, Call
from darkroom_client.command.exits import Exit


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Returns the exit code."""
    arguments = parser(environ).parse_args(argv)
    try:
        with Client(
            arguments.url, environ.get("DARKROOM_TOKEN"), retry_for=arguments.retry_for, on_retry=_tell
        ) as client:
            code = COMMANDS[arguments.command](Call(arguments, client, environ))
            sys.stdout.flush()
            return code
    except DarkroomError as error:
        print(f"darkroom: {words.of_error(error)}", file=sys.stderr)
        return exits.of_error(error)
    except KeyboardInterrupt:
        print("darkroom: interrupted; the same command goes on with it.", file=sys.stderr)
        return Exit.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.WELL


def _tell(error: Exception, pause: float) -> None:
    print(f"{words.printable(error)} Trying again in {pause:.1f} s.", file=sys.stderr, flush=True)
