"""The header `Idempotency-Key`: whoever is not sure that a request arrived may send it again."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Response, request
from sqlalchemy.exc import OperationalError

from app import idempotency
from app.errors import BadField, InvalidParameter
from app.idempotency import Answer, Reservation
from app.submission import answered_before_it_is_read

TAKES = {
    "Idempotency-Key": "Any text that is used once: the same request with the same key is done once within 24 hours,"
    " and gives the first answer again."
}
_FORM = re.compile(r'"([!#-~]{1,255})"|([!#-~]{1,255})')
_OWNER = ""
"""Whose key it is: nobody's, while there are no users."""


@contextmanager
def reserved() -> Iterator[Reservation | None]:
    """The reservation of the key that the request names, if it names one. A request that fails may be sent again.

    Raises InvalidParameter, KeyInUse.
    """
    with answered_before_it_is_read():
        key = _key()
        reservation = None if key is None else idempotency.reserve(_OWNER, key)
    try:
        yield reservation
    except BaseException:
        if reservation and not reservation.answer:
            with suppress(OperationalError):
                idempotency.release(reservation)
        raise


def response(answer: Answer) -> Response:
    """The answer as it is given the first time and every other time."""
    return Response(answer.body, answer.status, dict(answer.headers), mimetype="application/json")


def _key() -> str | None:
    """The draft has it in quotes, many clients do not."""
    value = request.headers.get("Idempotency-Key")
    if value is None:
        return None
    form = _FORM.fullmatch(value)
    if form is None:
        message = (
            f"Idempotency-Key is {value[:40]!r}; it is 1 to 255 visible characters of ASCII, in quotes or without."
        )
        raise InvalidParameter(message, [BadField(message, parameter="Idempotency-Key")])
    return form[1] or form[2]
