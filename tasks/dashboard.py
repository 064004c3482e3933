"""Flower's configuration, from the settings: `celery -A tasks.worker flower --conf=tasks/dashboard.py`."""

import os

from app.settings import load_or_exit

_settings = load_or_exit(os.environ)
if not _settings.flower_password:
    raise SystemExit("FLOWER_PASSWORD is not set; `make env` writes it into .env.")

basic_auth = [f"{_settings.flower_user}:{_settings.flower_password}"]
broker_api = _settings.flower_broker_api or None
