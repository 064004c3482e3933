"""Which addresses a request may go to: those of the public internet, and what the setting OUTGOING_ALLOWED names."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PUBLIC_6 = IPv6Network("2000::/3")
"""All that is given out for the public internet; what is not in it needs no line below."""

# IANA's registries of special-purpose addresses (RFC 6890), and what clouds put beside them. Not `is_global` of the
# standard library: what that says depends on the version of Python.
_REFUSED: dict[Network, str] = {
    ip_network(network): kind
    for network, kind in {
        "0.0.0.0/8": "an unspecified address",
        "10.0.0.0/8": "a private address",
        "100.64.0.0/10": "a shared address",
        "127.0.0.0/8": "a loopback address",
        "168.63.129.16/32": "a metadata address",
        "169.254.0.0/16": "a link-local or metadata address",
        "172.16.0.0/12": "a private address",
        "192.0.0.0/24": "a reserved address",
        "192.0.2.0/24": "an address for documentation",
        "192.88.99.0/24": "a 6to4 relay",
        "192.168.0.0/16": "a private address",
        "198.18.0.0/15": "an address for benchmarks",
        "198.51.100.0/24": "an address for documentation",
        "203.0.113.0/24": "an address for documentation",
        "224.0.0.0/4": "a multicast address",
        "240.0.0.0/4": "a reserved address",
        "::/128": "an unspecified address",
        "::1/128": "a loopback address",
        "::/96": "an IPv4-compatible address",
        "::ffff:0:0/96": "an IPv4-mapped address",
        "::ffff:0:0:0/96": "an IPv4-translated address",
        "64:ff9b::/96": "a NAT64 address",
        "64:ff9b:1::/48": "a NAT64 address",
        "2001::/32": "a Teredo address",
        "2001::/23": "a reserved address",
        "2001:db8::/32": "an address for documentation",
        "2002::/16": "a 6to4 address",
        "3fff::/20": "an address for documentation",
        "fc00::/7": "a private or metadata address",
        "fe80::/10": "a link-local address",
        "fec0::/10": "a private address",
        "ff00::/8": "a multicast address",
    }.items()
}


class Allowed:
    """Host names, addresses and networks that may be reached although they are not public, and without TLS."""

    def __init__(self, entries: Sequence[str] = ()) -> None:
        self._names: set[str] = set()
        self._networks: list[Network] = []
        for entry in entries:
            try:
                self._networks.append(ip_network(entry))
            except ValueError:
                self._names.add(entry.lower())

    def has_name(self, host: str) -> bool:
        return host.lower() in self._names

    @property
    def has_networks(self) -> bool:
        return bool(self._networks)

    def has_address(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def refusal(address: Address) -> str | None:
    """What kind of address it is, where it is not one of the public internet."""
    for network, kind in _REFUSED.items():
        if address in network:
            return kind
    return "a reserved address" if isinstance(address, IPv6Address) and address not in _PUBLIC_6 else None


def parsed(text: str) -> Address | None:
    """The address that the text is, in the one spelling that everybody reads alike."""
    try:
        return ip_address(text)
    except ValueError:
        return None
