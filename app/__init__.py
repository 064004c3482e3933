"""Darkroom: the domain and the web. `create_app()` is the composition root of the web processes."""

import os
from threading import BoundedSemaphore

from flask import Flask, Response

from app.admission import Admission
from app.broker import Sender, make_celery
from app.database import init_database
from app.logs import set_up_logging
from app.outgoing import Allowed, Outgoing
from app.publisher import Publisher
from app.services import Services
from app.settings import Settings, load_or_exit
from app.storage import Store
from app.uploads import Limits

__version__ = "0.1.0"


def create_app(settings: Settings | None = None) -> Flask:
    """The Flask app; reads the environment where no `settings` are given. Ends the process where those are faulty."""
    settings = settings or load_or_exit(os.environ)
    set_up_logging(settings.log_level)
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY=settings.secret_key)
    init_database(app, settings.database_url)
    celery = make_celery(settings.broker, item_timeout_seconds=settings.item_timeout_seconds)
    store = Store(settings.media_root)
    Services(
        store=store,
        admission=Admission(store, settings.max_pending_items, settings.min_free_bytes),
        publisher=Publisher(app, Sender(celery)),
        celery=celery,
        outgoing=Outgoing(Allowed(settings.outgoing_allowed)),
        limits=Limits(bytes=settings.max_upload_bytes, files=settings.max_job_files),
        max_pixels=settings.max_pixels,
        silence_seconds=settings.upload_silence_seconds,
        url_import=settings.url_import,
        waiting=BoundedSemaphore(settings.web_threads // 2),
    ).attach(app)
    _register_routes(app)
    app.after_request(_harden)
    return app


def _register_routes(app: Flask) -> None:
    # The workers import `app` too, and need none of these.
    from app import api, cli, downloads, faults, health, metrics, pages, submission
    from app.api import description
    from app.pages import problems

    faults.register(app)
    cli.register(app)
    app.before_request(submission.refuse_other_sites)
    for module in (api, description, downloads, health, metrics, pages, problems):
        app.register_blueprint(module.blueprint)


def _harden(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    return response
