"""Where a request goes: a URL that can be read in one way only, and the addresses that were checked for it."""

import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from queue import Empty, SimpleQueue
from urllib.parse import SplitResult, quote, urlsplit

from app.errors import OutgoingFailed, OutgoingRefused
from app.outgoing.addresses import Address, Allowed, parsed, refusal

Resolve = Callable[[str], Sequence[str]]
"""The addresses of a name. Raises OSError."""

MAX_URL = 2000

_DEFAULT_PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
_NUMERIC = re.compile(r"(\d+|0x[0-9a-f]*)", re.IGNORECASE)
"""What the last part of a name may not be: many programs read 2130706433, 0x7f.1 and 127.1 as addresses."""
_BRACKETS = re.compile(r"\[[^\[\]]*\](:[0-9]*)?")
_LOOPBACK: tuple[Address, ...] = IPv4Address("127.0.0.1"), IPv6Address("::1")
"""What `localhost` is, and all names below it (RFC 6761)."""
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in its parts; `address` is the host where that is one and no name."""

    scheme: str
    host: str
    port: int
    path: str
    address: Address | None

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def target(url: str, allowed: Allowed) -> Target:
    """Read the URL, and refuse what can be refused without asking for the addresses of a name.

    Raises OutgoingRefused.
    """
    parts, port = _split(url)
    host = parts.hostname or ""
    address = parsed(host)
    if address is None:
        _check_name(host)
    elif "%" in host or ("[" in parts.netloc) != isinstance(address, IPv6Address):
        raise OutgoingRefused(f"The host {host[:80]!r} is no plain address; write it without a zone.")
    path = quote(parts.path or "/", safe=_PRINTABLE) + (
        f"?{quote(parts.query, safe=_PRINTABLE)}" if parts.query else ""
    )
    found = Target(parts.scheme, host, port or _DEFAULT_PORTS[parts.scheme], path, address)
    if found.port < 1024 and found.port not in _DEFAULT_PORTS.values() and not _is_allowed(found, allowed):
        raise OutgoingRefused(
            f"The port {found.port} is that of another service; a port is 80, 443, or 1024 and above."
        )
    if address is not None:
        check(found, [address], allowed)
    elif _is_localhost(host) and not any(map(allowed.has_address, _LOOPBACK)):
        check(found, _LOOPBACK, allowed)
    elif found.scheme == "http" and not allowed.has_networks:
        check(found, [], allowed)
    return found


def _split(url: str) -> tuple[SplitResult, int | None]:
    if len(url) > MAX_URL:
        raise OutgoingRefused(f"The URL has {len(url):,} characters; it may have {MAX_URL:,}.")
    if any(character.isspace() or ord(character) < 0x20 or character in "\\\x7f" for character in url):
        raise OutgoingRefused("The URL has a space, a line break or a backslash in it; write it without.")
    if any("\ud800" <= character <= "\udfff" for character in url):
        raise OutgoingRefused("The URL has half of a character in it (a lone surrogate); write whole ones.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise OutgoingRefused(f"The URL can not be read: {error}.") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise OutgoingRefused("The URL is none of the web; write it as https://example.com/path.")
    if not parts.netloc.isascii():  # before letters are made small, which makes ASCII of some that are not
        raise OutgoingRefused(f"The host {parts.netloc[:80]!r} is not in ASCII; write the form that begins with xn--.")
    if "@" in parts.netloc:
        raise OutgoingRefused("The URL has a user or a password in it, which would stand in logs; write it without.")
    if "[" in parts.netloc and not _BRACKETS.fullmatch(parts.netloc):
        raise OutgoingRefused(f"The host {parts.netloc[:80]!r} is more than an address; only a port may follow it.")
    if port == 0:
        raise OutgoingRefused("The port 0 is none.")
    return parts, port


def _is_localhost(host: str) -> bool:
    return host == "localhost" or host.endswith(".localhost")


def _check_name(host: str) -> None:
    shown = repr(host[:80])
    if host.endswith("."):
        raise OutgoingRefused(f"The host {shown} ends with a dot; write it without.")
    labels = host.split(".")
    if len(host) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise OutgoingRefused(f"The host {shown} is neither a name nor an address.")
    if _NUMERIC.fullmatch(labels[-1]):
        raise OutgoingRefused(f"The host {shown} is an odd spelling of an address; write four decimal numbers.")


def resolved(target: Target, allowed: Allowed, resolve: Resolve, seconds: float) -> list[Address]:
    """The addresses of the target, asked for once and each checked; a single one that is refused refuses all.

    Raises OutgoingRefused and OutgoingFailed.
    """
    if target.address is not None:
        return [target.address]
    addresses = [address for text in _asked(target.host, resolve, seconds) if (address := parsed(text))]
    if not addresses:
        raise OutgoingFailed(f"The name {target.host} has no address.")
    check(target, addresses, allowed)
    return addresses


def check(target: Target, addresses: Sequence[Address], allowed: Allowed) -> None:
    """Raises OutgoingRefused where one of the addresses is not allowed, or the URL needs TLS and has none."""
    if _is_allowed(target, allowed, addresses):
        return
    for address in addresses:
        kind = None if allowed.has_address(address) else refusal(address)
        if kind:
            raise OutgoingRefused(
                f"{target.host} is {kind}, which no request of Darkroom goes to; whoever runs it can allow the host"
                " in OUTGOING_ALLOWED."
            )
    if target.scheme != "https":
        raise OutgoingRefused(
            "The URL begins with http://, which anybody on the way can read; write https://. Whoever runs Darkroom"
            " can allow the host in OUTGOING_ALLOWED."
        )


def _is_allowed(target: Target, allowed: Allowed, addresses: Sequence[Address] = ()) -> bool:
    known = addresses or ([target.address] if target.address else [])
    return allowed.has_name(target.host) or (bool(known) and all(map(allowed.has_address, known)))


def _asked(host: str, resolve: Resolve, seconds: float) -> Sequence[str]:
    """The system's resolver takes as long as it likes, so that a thread waits for it, which ends when it does."""
    answers: SimpleQueue[Sequence[str] | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answers.put(resolve(host))
        except (OSError, UnicodeError) as error:
            answers.put(OSError(str(error)))

    threading.Thread(target=ask, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise OutgoingFailed(f"The name {host} was not resolved within {seconds:g} seconds.") from None
    if isinstance(answer, OSError):
        raise OutgoingFailed(f"The name {host} can not be resolved.")
    return answer


def system_addresses(host: str) -> list[str]:
    """As the system resolves the name; each address once."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
