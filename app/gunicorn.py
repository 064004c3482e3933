"""gunicorn's configuration, from the settings: `gunicorn -c python:app.gunicorn`."""

import os

from app.settings import load_or_exit

_settings = load_or_exit(os.environ)

wsgi_app = "app:create_app()"
worker_class = "gthread"
workers = _settings.web_workers
threads = _settings.web_threads
keepalive = 5
graceful_timeout = 30
control_socket_disable = True
