"""Outgoing requests: this package is the only place that makes any.

On the standard library's http.client: what other HTTP libraries add to it (redirects, decompression, pools, cookies,
proxies from the environment) is what must not be here, and its connection takes a socket that we have opened ourselves,
to an address that was checked. A name is resolved once; certificates are verified for the name.
"""

import http.client
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from app.errors import OutgoingFailed
from app.outgoing.addresses import Allowed
from app.outgoing.connection import Connection, connected
from app.outgoing.target import Resolve, resolved, system_addresses, target

__all__ = ["Allowed", "Answer", "Incoming", "Limits", "Outgoing"]

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """`connect` is for each address, `silence` between two pieces, `whole` for all from the name to the last byte."""

    bytes: int
    connect: float = 5
    silence: float = 10
    whole: float = 15


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is what came within the limits, perhaps not all."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Outgoing:
    def __init__(self, allowed: Allowed, resolve: Resolve = system_addresses) -> None:
        self._allowed, self._resolve = allowed, resolve
        self._tls = ssl.create_default_context()

    def check(self, url: str) -> None:
        """Refuse what is certain before any request: how it is written, and an address that is not allowed.

        Raises OutgoingRefused.
        """
        target(url, self._allowed)

    def send(self, url: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> Answer:
        """POST; gives the answer as soon as its first bytes are there, whatever becomes of the rest.

        Raises OutgoingRefused and OutgoingFailed.
        """
        with self._answer("POST", url, body, headers, limits) as answer:
            read = bytearray()
            try:
                for chunk in answer.chunks(limits.bytes):
                    read += chunk
            except OutgoingFailed:
                pass  # the status is the answer
            return Answer(answer.status, answer.headers, bytes(read))

    @contextmanager
    def get(self, url: str, limits: Limits) -> "Iterator[Incoming]":
        """GET; the body is read by whoever asks, within the limits. Raises OutgoingRefused and OutgoingFailed."""
        with self._answer("GET", url, None, {}, limits) as answer:
            yield answer

    @contextmanager
    def _answer(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], limits: Limits
    ) -> "Iterator[Incoming]":
        give_up = time.monotonic() + limits.whole
        to = target(url, self._allowed)
        addresses = resolved(to, self._allowed, self._resolve, limits.connect)
        connection = connected(to, addresses, self._tls if to.scheme == "https" else None, limits, give_up)
        try:
            with connection.reading():
                # Nothing that would have to be decompressed: a small answer stays small.
                own = {"Host": to.host_header, "Accept-Encoding": "identity", "User-Agent": "Darkroom"}
                connection.request(method, to.path, body, {**own, **headers})
                response = connection.getresponse()
            yield Incoming(response, connection)
        finally:
            connection.end()


class Incoming:
    """An answer whose body has not been read."""

    def __init__(self, response: http.client.HTTPResponse, connection: Connection) -> None:
        self._response, self._connection = response, connection
        self.status = response.status
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.getheaders()}

    @property
    def announced(self) -> int | None:
        """What the answer says of its size."""
        return self._response.length

    def chunks(self, most: int) -> Iterator[bytes]:
        """The body, at most so many bytes of it. Raises OutgoingFailed where it comes too slowly or is cut off."""
        while most > 0:
            with self._connection.reading():
                chunk = self._response.read1(min(most, _CHUNK))
            if not chunk:
                break
            most -= len(chunk)
            yield chunk
        if most > 0 and self._response.length:
            raise OutgoingFailed(f"The answer was cut off; {self._response.length:,} bytes of it are missing.")
