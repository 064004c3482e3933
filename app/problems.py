"""Every kind of error that an answer or an item can tell of, by its code: for /problems/<code> and docs/errors.md."""

import inspect
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from app.errors import DarkroomError, Retry, SettingsError

_OF_HTTP = {
    400: ("Bad request", "The request is not well-formed.", "Correct it; nothing was done."),
    403: ("Forbidden", "The request is not allowed.", "Ask whoever runs Darkroom."),
    404: (
        "Not found",
        "There is nothing at this address.",
        "Compare it with the description of the API at `/api/docs`.",
    ),
    405: (
        "Method not allowed",
        "The address does not take this method.",
        "The header `Allow` names those that it takes.",
    ),
    413: ("Too large", "The request is too large.", "Send less at a time."),
    415: (
        "Unsupported media type",
        "The request is of a type that the address does not take.",
        "Correct the header `Content-Type`.",
    ),
    416: ("No such range", "The file has no such range.", "`Content-Range` tells how long the file is."),
    500: ("Server error", "The server failed.", "Look into its log."),
    503: ("Unavailable", "The server can not answer at this moment.", "Send the same request again in a few seconds."),
}
"""What HTTP's own errors mean here, and what to do about them; any other status goes by the first one of its class."""


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
    of_http = [_of_http(status) for status in _OF_HTTP]
    return MappingProxyType({problem.code: problem for problem in [*ours, *of_http]})


def http_code(status: int) -> str:
    """The code of an error that is HTTP's own."""
    return f"http-{status if status in _OF_HTTP else 500 if status >= 500 else 400}"


def _below(kind: type[DarkroomError]) -> list[type[DarkroomError]]:
    return [found for below in kind.__subclasses__() for found in (below, *_below(below))]


def _ours(kind: type[DarkroomError]) -> Problem:
    meaning = " ".join(inspect.cleandoc(vars(kind).get("__doc__") or "").split())
    return Problem(kind.code, kind.title, kind.status, meaning, kind.advice, kind.retry != Retry.NEVER)


def _of_http(status: int) -> Problem:
    title, meaning, advice = _OF_HTTP[status]
    return Problem(http_code(status), title, status, meaning, advice, retry=status == 503)
