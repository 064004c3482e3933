"""Renewing a claim's lease while the work goes on."""

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app import items
from app.items import Claim

log = logging.getLogger(__name__)


@contextmanager
def renewing(app: Flask, claim: Claim, lease: dt.timedelta) -> Iterator[None]:
    """Renew the lease every third of its length, from a thread of its own, until the block ends."""
    stop = threading.Event()
    thread = threading.Thread(target=_renew, args=(app, claim, lease, stop), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _renew(app: Flask, claim: Claim, lease: dt.timedelta, stop: threading.Event) -> None:
    while not stop.wait(lease.total_seconds() / 3):
        try:
            with app.app_context():
                if not items.renew(claim, lease):
                    return
        except SQLAlchemyError as error:
            log.warning("item %s: the lease was not renewed: %s", claim.item_id, error)
