"""Every error that the client raises on purpose.

DarkroomError
├── ConfigurationError   the address or the token can not be used
├── LocalFileError       a file of this machine can not be read or written, or changed while it was sent
├── Unreachable          no answer came, however often it was tried
├── ApiError             the server refused, and says why (RFC 9457)
├── UnexpectedAnswer     whatever answered is no Darkroom, or one that is much newer
└── DamagedDownload      what arrived is not what the server announced
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

_AGAIN = (429, 502, 503, 504)
_NOT_DONE = (429, 503)


class DarkroomError(Exception):
    """The message is a sentence for a person."""


class ConfigurationError(DarkroomError):
    pass


class LocalFileError(DarkroomError):
    pass


class UnexpectedAnswer(DarkroomError):
    pass


class DamagedDownload(DarkroomError):
    pass


class Unreachable(DarkroomError):
    """`arrived` says whether the request may have reached the server; `passes`, whether trying again can help."""

    retry_after = None

    def __init__(self, message: str, *, arrived: bool = True, passes: bool = True) -> None:
        super().__init__(message)
        self.arrived, self.passes = arrived, passes

    def may_be_sent_again(self, *, repeatable: bool) -> bool:
        return self.passes and (repeatable or not self.arrived)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one part of the request: a JSON pointer into its body, or a parameter or header."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class ApiError(DarkroomError):
    """A problem as the server tells it. `type` is the address of the page that explains it."""

    def __init__(
        self, status: int, code: str, title: str, detail: str, type: str = "", errors: tuple[FieldError, ...] = (),
        retry_after: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail or title)
        self.status, self.code, self.title, self.detail, self.type = status, code, title, detail, type
        self.errors, self.retry_after = errors, retry_after

    def may_be_sent_again(self, *, repeatable: bool) -> bool:
        """What is not repeatable is sent again only where the answer says that nothing was done."""
        if not repeatable:
            return self.status in _NOT_DONE
        return self.status in _AGAIN or self.retry_after is not None

    @classmethod
    def of(cls, response: httpx.Response) -> "ApiError":
        """Of an answer whose body was read; one of a proxy need not be a problem+json."""
        problem = _json(response)
        detail = str(problem.get("detail") or f"The server answered {response.status_code} {response.reason_phrase}.")
        return cls(
            response.status_code, str(problem.get("code") or f"http-{response.status_code}"),
            str(problem.get("title") or response.reason_phrase), detail, str(problem.get("type") or ""),
            tuple(_field(error) for error in problem.get("errors") or () if isinstance(error, Mapping)),
            retry_after(response),
        )  # fmt: skip


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _field(error: Mapping[str, Any]) -> FieldError:
    return FieldError(str(error.get("detail", "")), error.get("pointer"), error.get("parameter"))


def retry_after(response: httpx.Response) -> float | None:
    """The seconds that the header asks to wait: it has a number of them, or a date."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdecimal() and len(value) < 10:
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())
