"""Work in a process of its own, which can be killed at any moment and takes nothing but itself along."""

import ctypes
import json
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from app.errors import Crashed, DarkroomError, Internal, MachineBusy, OutOfMemory, TimedOut, storage_error

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""How often the parent looks whether the work is still wanted: a cancellation takes effect within a second."""

_PR_SET_PDEATHSIG = 1
_CHUNK = 64 * 1024


def run(work: Callable[[], Any], look: Callable[[], None], seconds: float, until: float | None = None) -> Any:
    """What `work` returns, as JSON takes and gives it, from a forked child; `look` is called while it works.

    It may take so many seconds; or until a moment of the monotonic clock, where others have taken some of them.

    Raises what `look` raises, and the DarkroomError that `work` raised: an OSError of the disk as its TemporaryError,
    anything else as Internal. Crashed or TimedOut where the child died or took longer,
    MachineBusy where it could not be forked. The child is dead in every case.
    """
    parent = os.getpid()
    reader, writer = os.pipe()
    try:
        child = os.fork()
    except OSError as error:
        os.close(reader)
        os.close(writer)
        raise MachineBusy(f"The machine could not begin the work ({error.strerror}).") from error
    if child == 0:
        os.close(reader)
        _child(writer, work, parent)
    os.close(writer)
    status = None
    try:
        message = _message(reader, look, seconds, time.monotonic() + seconds if until is None else until)
        _, status = os.waitpid(child, 0)  # the end of the message is the end of the child
    finally:
        os.close(reader)
        if status is None:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    try:
        answer = json.loads(message)
    except ValueError:
        raise Crashed(f"The process that worked on it {_ending(os.waitstatus_to_exitcode(status))}.") from None
    return _result(answer)


def _message(reader: int, look: Callable[[], None], seconds: float, until: float) -> bytes:
    """What the child writes until it ends."""
    poll, message = select.poll(), b""
    poll.register(reader, select.POLLIN)
    while True:
        if poll.poll(LOOK_SECONDS * 1000):
            chunk = os.read(reader, _CHUNK)
            if not chunk:
                return message
            message += chunk
        elif time.monotonic() > until:
            raise TimedOut(
                f"It took longer than {seconds:g} seconds and was stopped; ITEM_TIMEOUT_SECONDS or the recipe's"
                " run.timeout allows no more."
            )
        else:
            look()


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended by itself with {code}"
    if code == -signal.SIGKILL:
        return "was killed (perhaps because the machine ran out of memory)"
    return f"was ended by {signal.Signals(-code).name}"


def _result(answer: dict[str, Any]) -> Any:
    if "error" not in answer:
        return answer["result"]
    kinds = {kind.code: kind for kind in _subclasses(DarkroomError)}
    raise kinds[answer["error"]](answer["message"])


def _subclasses(kind: type[DarkroomError]) -> list[type[DarkroomError]]:
    return [kind, *(deeper for below in kind.__subclasses__() for deeper in _subclasses(below))]


def _child(writer: int, work: Callable[[], Any], parent: int) -> NoReturn:
    """Work, write the answer, end. Nothing of the parent that this copy of it holds is flushed or closed."""
    code = 1
    try:
        _die_with(parent)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(json.dumps(_answer(work), default=_told).encode())
        code = 0
    finally:
        os._exit(code)


def _told(value: object) -> str:
    """Of what JSON does not know, a path is all that comes through."""
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} can not be told")


def _answer(work: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"result": work()}
    except DarkroomError as error:
        return {"error": error.code, "message": str(error)}
    except MemoryError:
        return {"error": OutOfMemory.code, "message": "It needs more memory than there is."}
    except Exception as error:
        return _unexpected(error)


def _unexpected(error: Exception) -> dict[str, str]:
    if isinstance(error, OSError) and error.errno is not None:
        trouble = storage_error(error)
        return {"error": trouble.code, "message": str(trouble)}
    log.error("the work failed", exc_info=error)
    return {
        "error": Internal.code,
        "message": f"It could not be processed ({type(error).__name__}); the worker's log says more.",
    }


def _die_with(parent: int) -> None:
    """Ask the kernel to kill this process when its parent dies (prctl(2)); only Linux can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)
