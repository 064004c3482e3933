"""The relay: what is due goes from the rows to the broker, each lane for itself."""

import datetime as dt
import logging
import time

from sqlalchemy.exc import SQLAlchemyError

from app import dispatch, lanes
from app.broker import Sender
from app.database import db, utc_now
from app.dispatch import Due
from app.models import ItemState, Lane
from app.outbox import publish

log = logging.getLogger(__name__)

BATCH = 200
"""Small, because an interactive item that becomes due waits for a batch that has begun."""

_DEAD_AFTER_SECONDS = 20


class Relay:
    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._refusing: dict[Lane, float] = {}

    def publish_due(self) -> bool:
        """Publish a batch of what is due in each lane: whether there may be more.

        Whatever the broker raises comes through, after every lane was tried.
        """
        errors, published = [], []
        for lane in Lane:
            try:
                published.append(self._publish(lane, self._due(lane)))
            except Exception as error:
                errors.append(error)
        if any(published):
            log.info("published %d due items", sum(published))
        if errors:
            raise errors[0]
        return max(published) >= BATCH

    def _due(self, lane: Lane) -> list[Due]:
        """First those that were never published, then those whose messages are lost."""
        now, session = utc_now(), db.session()
        try:
            pending = dispatch.due(session, lane, ItemState.PENDING, now, BATCH)
            queued = dispatch.due(session, lane, ItemState.QUEUED, now, BATCH - len(pending))
        finally:
            db.session.remove()
        return pending + self._given_up(lane, queued, now)

    def _publish(self, lane: Lane, due: list[Due]) -> int:
        published = 0
        if due:
            try:
                published = publish(self._sender, due)
            except SQLAlchemyError:
                raise  # it says nothing about the queue
            except Exception:
                self._replace_if_dead(lane)
                raise
        self._refusing.pop(lane, None)
        return published

    def _given_up(self, lane: Lane, queued: list[Due], now: dt.datetime) -> list[Due]:
        """Those whose messages are lost: nobody has claimed them, and no message waits in their lane any more.

        A lane that is never empty tells nothing; there a message counts as lost after a time that is long enough.
        """
        if queued and self._sender.has_ready(lane):
            return [item for item in queued if item.due_since < now - dispatch.LONG_QUEUED]
        return queued

    def _replace_if_dead(self, lane: Lane) -> None:
        """A quorum queue that was declared in the last second before its RabbitMQ was killed comes back dead.

        It exists, and takes no message for ever (seen with 3.10 and 4.3). Nothing is lost with it: the rows are the
        record. A broker that takes no messages at all is another thing, and passes.
        """
        if not self._sender.takes_messages():
            self._refusing.pop(lane, None)
            return
        since = self._refusing.setdefault(lane, time.monotonic())
        if time.monotonic() - since < _DEAD_AFTER_SECONDS:
            return
        log.warning("the queue of the lane %s takes no message; it is deleted and declared again", lane)
        del self._refusing[lane]
        lanes.make_due(lane)  # first: a dispatcher that is killed in between must not leave the lane forgotten
        self._sender.replace_queue(lane)
