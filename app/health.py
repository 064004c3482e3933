"""The web's health check: it asks the database, because without it the web can do nothing."""

from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.database import db

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    try:
        db.session.execute(text("SELECT count(*) FROM (SELECT 1 FROM jobs LIMIT 1) AS one"))
    except SQLAlchemyError as error:
        return jsonify({"status": "failing", "database": type(error).__name__}), 503
    return jsonify({"status": "ok"}), 200
