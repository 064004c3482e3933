"""What the processes without a web share: a Flask app that holds only the database."""

from flask import Flask

from app.database import init_database
from app.settings import Settings


def database_app(settings: Settings) -> Flask:
    """A Flask app without routes, whose context gives access to the database."""
    app = Flask("darkroom")
    init_database(app, settings.database_url)
    return app
