"""A connection to one of the addresses that were checked, and to no other, which ends when its time is over."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from app.errors import OutgoingFailed
from app.outgoing.addresses import Address
from app.outgoing.target import Target

if TYPE_CHECKING:
    from app.outgoing import Limits

_MOST_ADDRESSES = 4


class Connection(http.client.HTTPConnection):
    """HTTP over a socket that is connected already. At the end of its time the socket is shut down, whatever goes on:
    a time limit of a socket begins anew with every byte.
    """

    auto_open = 0

    def __init__(self, target: Target, sock: socket.socket, give_up: float) -> None:
        super().__init__(target.host, target.port)
        self.sock = self._whole = sock
        self._timer = threading.Timer(max(give_up - time.monotonic(), 0), self._end)
        self._timer.daemon = True
        self._over = False
        self._timer.start()

    def _end(self) -> None:
        self._over = True
        with suppress(OSError):
            socket.socket.shutdown(self._whole, socket.SHUT_RDWR)  # past TLS, which may be in use by the other thread

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What goes wrong within becomes OutgoingFailed."""
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise OutgoingFailed(self._why(error)) from None
        if self._over:
            raise OutgoingFailed(self._why(None))

    def _why(self, error: Exception | None) -> str:
        if self._over:
            return "The whole answer took too long."
        if isinstance(error, TimeoutError):
            return "It was silent for too long."
        if isinstance(error, http.client.HTTPException) and not isinstance(error, ConnectionError):
            return f"The answer is not right HTTP ({type(error).__name__})."
        return f"The connection was lost ({_named(error)})."

    def end(self) -> None:
        """Not `close`, which http.client calls before the body of an answer without a length has been read."""
        self._timer.cancel()
        self.close()


def connected(
    target: Target, addresses: Sequence[Address], tls: ssl.SSLContext | None, limits: "Limits", give_up: float
) -> Connection:
    """A connection to the first of the addresses that takes one. Raises OutgoingFailed."""
    why = ""
    for address in addresses[:_MOST_ADDRESSES]:
        seconds = min(limits.connect, give_up - time.monotonic())
        if seconds <= 0:
            break
        try:
            sock = _opened(target, address, tls, seconds)
        except TimeoutError:
            why = f"{target.host} ({address}) did not take the connection within {limits.connect:g} seconds."
        except ssl.SSLCertVerificationError as error:
            why = f"The certificate of {target.host} is not valid for it ({error.verify_message})."
        except (OSError, ValueError) as error:
            why = f"{target.host} ({address}) did not take the connection ({_named(error)})."
        else:
            sock.settimeout(limits.silence)
            return Connection(target, sock, give_up)
    raise OutgoingFailed(why or f"There was no time left to connect to {target.host}.")


def _opened(target: Target, address: Address, tls: ssl.SSLContext | None, seconds: float) -> socket.socket:
    sock = socket.create_connection((str(address), target.port), timeout=seconds)  # digits: nothing is resolved
    if tls is None:
        return sock
    try:
        return tls.wrap_socket(sock, server_hostname=target.host)
    except BaseException:
        sock.close()
        raise


def _named(error: Exception | None) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
