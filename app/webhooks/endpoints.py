"""Use cases of endpoints: make one, change it, rotate its secret, pause it, send it a message to see that it arrives.

NotFound for what is not there.
"""

import datetime as dt
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import db, reading, transaction, utc_now
from app.errors import BadField, EndpointPaused, InvalidEndpoint, NotFound
from app.webhooks import announcing, events, signing
from app.webhooks.events import EventType
from app.webhooks.tables import Delivery, DeliveryState, Endpoint, Pause

MAX_ENDPOINTS = 100
OVERLAP = dt.timedelta(hours=24)
"""For how long the secrets before go on signing after a rotation, where nothing else is said."""

Check = Callable[[str], None]
"""Raises OutgoingRefused where no request may go to the URL."""
InTransaction = Callable[[Session, Endpoint, str], None]


def create(
    name: str, url: str, check: Check, description: str = "",
    kinds: Sequence[EventType] = events.JOB_ENDS, *, all_jobs: bool = True,
    in_transaction: InTransaction = lambda *_: None,
) -> tuple[Endpoint, str]:  # fmt: skip
    """The endpoint, and its secret, which is never shown again.

    `in_transaction` is called with both before they are committed. Raises InvalidEndpoint and OutgoingRefused.
    """
    check(url)
    secret = signing.new_secret()
    endpoint = Endpoint(
        name=name, url=url, description=description, events=_sorted(kinds), all_jobs=all_jobs,
        secrets=[{"secret": secret, "until": None}],
    )  # fmt: skip
    try:
        with transaction() as session:
            if (session.scalar(select(func.count(Endpoint.id))) or 0) >= MAX_ENDPOINTS:
                raise InvalidEndpoint(f"There are {MAX_ENDPOINTS} endpoints already; change or delete one of them.")
            session.add(endpoint)
            session.flush()
            in_transaction(session, endpoint, secret)
    except IntegrityError:
        message = f"There is an endpoint {name} already; change it, or call this one otherwise."
        raise InvalidEndpoint(message, [BadField(message, "/name")]) from None
    return endpoint, secret


def all_endpoints() -> Sequence[Endpoint]:
    return db.session.scalars(select(Endpoint).order_by(Endpoint.name)).all()


def get(name: str) -> Endpoint:
    return _found(db.session(), name)


def names() -> set[str]:
    """Of all endpoints, as they are at this moment."""
    with reading() as session:
        return set(session.scalars(select(Endpoint.name)))


def change(
    name: str, check: Check, *, url: str | None = None, description: str | None = None,
    kinds: Sequence[EventType] | None = None, all_jobs: bool | None = None,
) -> Endpoint:  # fmt: skip
    """What is None stays as it is; so does the name, which recipes know. Raises OutgoingRefused."""
    if url is not None:
        check(url)
    given = {
        "url": url, "description": description, "all_jobs": all_jobs,
        "events": None if kinds is None else _sorted(kinds),
    }  # fmt: skip
    with transaction() as session:
        endpoint = _found(session, name, lock=True)
        if url not in (None, endpoint.url):  # what it did under the old one says nothing of the new one
            endpoint.failing_since = endpoint.hold_until = None
        for field, value in given.items():
            if value is not None:
                setattr(endpoint, field, value)
        return endpoint


def remove(name: str) -> None:
    """Delete the endpoint with its deliveries. Recipes that name it still run, and notify nobody by that name."""
    with transaction() as session:
        session.delete(_found(session, name))


def rotate(name: str, overlap: dt.timedelta = OVERLAP) -> tuple[Endpoint, str]:
    """Give it a new secret, which is never shown again; those before sign too until the overlap has passed."""
    with transaction() as session:
        endpoint, now = _found(session, name, lock=True), utc_now()
        endpoint.secrets = signing.rotated(endpoint.secrets, now + overlap, now)
        return endpoint, str(endpoint.secrets[0]["secret"])


def pause(name: str) -> Endpoint:
    """Send nothing more to it until it is resumed; what happens meanwhile waits for it."""
    with transaction() as session:
        endpoint = _found(session, name, lock=True)
        set_paused(endpoint, Pause.BY_HAND, utc_now())
        return endpoint


def resume(name: str) -> Endpoint:
    """Forget that it failed, and send all that waits for it at once."""
    with transaction() as session:
        endpoint, now = _found(session, name, lock=True), utc_now()
        endpoint.paused_since = endpoint.paused_because = endpoint.failing_since = endpoint.hold_until = None
        # What is due already keeps its place: it is sent in the order in which it became due.
        waiting = (
            Delivery.endpoint_id == endpoint.id,
            Delivery.state == DeliveryState.PENDING,
            Delivery.next_try_at > now,
        )
        session.execute(update(Delivery).where(*waiting, nobody_sends(now)).values(next_try_at=now))
        return endpoint


def ping(name: str) -> Delivery:
    """Write a message that tells of nothing. Raises EndpointPaused."""
    with transaction() as session:
        endpoint = _found(session, name, lock=True)
        refuse_paused(endpoint)
        (written,) = announcing.deliver(session, [endpoint], events.PING, {"endpoint": endpoint.name})
        written.endpoint = endpoint
        return written


def nobody_sends(now: dt.datetime) -> ColumnElement[bool]:
    """Of a delivery: it is not claimed, or whoever has claimed it was lost."""
    return or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now)


def set_paused(endpoint: Endpoint, why: Pause, now: dt.datetime) -> None:
    """The first reason stays."""
    if endpoint.paused_since is None:
        endpoint.paused_since, endpoint.paused_because = now, why


def refuse_paused(endpoint: Endpoint) -> None:
    if endpoint.paused_since is not None:
        raise EndpointPaused(f"The endpoint {endpoint.name} is paused; resume it first.")


def _found(session: Session, name: str, *, lock: bool = False) -> Endpoint:
    query = select(Endpoint).where(Endpoint.name == name)
    endpoint = session.scalar(query.with_for_update(key_share=True) if lock else query)
    if endpoint is None:
        raise NotFound(f"There is no webhook endpoint {name[:64]!r}.")
    return endpoint


def _sorted(kinds: Sequence[EventType]) -> list[str]:
    return [kind.value for kind in EventType if kind in kinds]
