"""Every kind of error that an answer or an item can tell of, by its code: for /problems/<code> and docs/errors.md."""

import inspect
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from werkzeug.exceptions import HTTPException, default_exceptions

from app.errors import DarkroomError, Retry, SettingsError

_ADVICE = {
    400: "Correct the request; nothing was done.",
    404: "Compare the address with the API's description at /api/docs.",
    405: "The header `Allow` names the methods that this address takes.",
    413: "Send less in one request.",
    416: "Ask for a range within the file; a HEAD request tells its length.",
    500: "Look into the server's log.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """`retry` says whether sending the same request again can help."""

    code: str
    title: str
    status: int
    meaning: str
    advice: str
    retry: bool


@cache
def known() -> MappingProxyType[str, Problem]:
    """All of them, by code: our own in the order of app/errors.py, then what HTTP itself has."""
    ours = [_ours(kind) for kind in _below(DarkroomError) if "code" in vars(kind) and kind is not SettingsError]
    of_http = [_of_http(kind) for _, kind in sorted(default_exceptions.items())]
    return MappingProxyType({problem.code: problem for problem in [*ours, *of_http]})


def http_code(status: int) -> str:
    return f"http-{status}"


def _below(kind: type[DarkroomError]) -> list[type[DarkroomError]]:
    return [found for below in kind.__subclasses__() for found in (below, *_below(below))]


def _ours(kind: type[DarkroomError]) -> Problem:
    meaning = " ".join(inspect.cleandoc(vars(kind).get("__doc__") or "").split())
    return Problem(kind.code, kind.title, kind.status, meaning, kind.advice, kind.retry != Retry.NEVER)


def _of_http(kind: type[HTTPException]) -> Problem:
    status = kind.code or 500
    meaning = str(kind.description or kind.__name__)
    advice = _ADVICE.get(status, _ADVICE[400] if status < 500 else _ADVICE[500])
    return Problem(http_code(status), kind().name, status, meaning, advice, retry=status in (429, 502, 503, 504))
