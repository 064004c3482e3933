"""What a client sees when something fails: problem+json below /api/, a page elsewhere; never a traceback or a path."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from flask import Flask, Response, jsonify, make_response, render_template, request, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, NotFound, RequestedRangeNotSatisfiable

from app.errors import BadField, DarkroomError, DatabaseUnavailable, Internal, Retry, StorageFull
from app.problems import http_code, known

log = logging.getLogger(__name__)

_RETRY = {"Retry-After": "5"}


def register(app: Flask) -> None:
    app.register_error_handler(DarkroomError, _known)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _database)
    app.register_error_handler(Exception, _unknown)


def retry_headers(error: DarkroomError) -> dict[str, str]:
    """Retry-After, where trying again can help."""
    return {} if error.retry == Retry.NEVER else _RETRY


def _known(error: DarkroomError) -> Response:
    return _answer(error.status, error.code, error.title, str(error), retry_headers(error), error.fields)


def _http(error: HTTPException) -> Response:
    detail, allowed = error.description or error.name, ", ".join(getattr(error, "valid_methods", None) or ())
    if isinstance(error, NotFound):
        detail = "There is nothing at this address."
    if allowed:
        detail = f"{request.method[:20]} is not possible at this address; it takes {allowed}."
    code = http_code(error.code or 500)
    response = _answer(error.code or 500, code, known()[code].title, detail)
    if allowed:
        response.headers["Allow"] = allowed
    if isinstance(error, RequestedRangeNotSatisfiable):
        response.headers.update({name: value for name, value in error.get_headers() if name == "Content-Range"})
    return response


def _database(error: OperationalError) -> Response:
    log.error("database: %s", error.orig)
    if "disk is full" in str(error.orig):  # SQLite's SQLITE_FULL
        return _known(
            StorageFull("The disk of the database is full; nothing of this request was kept. Free some space.")
        )
    return _known(DatabaseUnavailable("The database does not answer. Try again in a few seconds."))


def _unknown(error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _answer(Internal.status, Internal.code, Internal.title, "The error is in the server's log.")


def _answer(
    status: int, code: str, title: str, detail: str, headers: Mapping[str, str] | None = None,
    fields: Sequence[BadField] = (),
) -> Response:  # fmt: skip
    if request.path.startswith("/api/"):
        body: dict[str, object] = {
            "type": url_for("problems.problem", code=code), "title": title, "status": status, "code": code,
            "detail": detail,
        }  # fmt: skip
        if fields:
            told = [asdict(field) for field in fields]
            body["errors"] = [{name: value for name, value in each.items() if value is not None} for each in told]
        response = jsonify(body)
        response.mimetype = "application/problem+json"
    else:
        response = make_response(render_template("error.html", status=status, title=title, detail=detail, code=code))
    response.status_code = status
    response.headers.update(headers or {})
    return response
