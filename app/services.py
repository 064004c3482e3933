"""What the routes of one app share: the store, the publisher and the limits, as values of the composition root."""

from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import cast

from celery import Celery
from flask import Flask, current_app

from app.admission import Admission
from app.outgoing import Outgoing
from app.publisher import Publisher
from app.storage import Store
from app.uploads import Limits


@dataclass(frozen=True, slots=True)
class Services:
    store: Store
    admission: Admission
    publisher: Publisher
    celery: Celery
    outgoing: Outgoing
    limits: Limits
    max_pixels: int
    silence_seconds: int
    url_import: bool
    waiting: BoundedSemaphore
    """The places for requests that wait for the end of a job."""

    def attach(self, app: Flask) -> None:
        app.extensions["darkroom"] = self


def services() -> Services:
    """The services of the app that handles the current request."""
    return cast("Services", current_app.extensions["darkroom"])
