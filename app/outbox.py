"""Publishing rows: the one function with which the web's thread and the dispatcher hand items to the broker."""

from collections.abc import Iterable

from app.broker import Sender
from app.database import utc_now
from app.dispatch import Due, mark_published


def publish(sender: Sender, items: Iterable[Due]) -> int:
    """Send the items and mark those that the broker confirmed, also where it then fails; returns how many.

    A crash between the two publishes an item twice, which is harmless; an item that was not confirmed stays due.
    """
    taken: list[Due] = []
    try:
        for item in sender.send(items):
            taken.append(item)  # noqa: PERF402 - kept one by one, because `send` may raise midway
    finally:
        if taken:
            mark_published(taken, utc_now())
    return len(taken)
