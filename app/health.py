"""The web's health check: it asks the database, because without it the web can do nothing."""

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from app.database import ping

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    try:
        ping()
    except SQLAlchemyError as error:
        return jsonify({"status": "failing", "database": type(error).__name__}), 503
    return jsonify({"status": "ok"}), 200
