"""No request goes to an address that is not of the public internet, however it is written and whatever a name says."""

import ssl

import pytest

from app.errors import OutgoingFailed, OutgoingRefused
from app.outgoing import Allowed, Limits, Outgoing
from tests.receiver import Receiver, receiver

LIMITS = Limits(bytes=1000, connect=1, silence=1, whole=2)
NO_TRAFFIC = "3ffe::1"
"""An address of the public internet that was given back: no network leads there."""


def words(text: str) -> list[str]:
    return text.split()


ADDRESSES = words("""
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254
168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1
192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.250 240.0.0.1 255.255.255.255
:: ::1 ::2 ::127.0.0.1 ::7f00:1 ::a9fe:a9fe ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:169.254.169.254
::ffff:8.8.8.8 ::ffff:0:127.0.0.1 0:0:0:0:0:0:0:1 64:ff9b::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe
64:ff9b::808:808 64:ff9b:1::1 64:ff9b:1:ffff:ffff:ffff:ffff:ffff 100::1 2001::1
2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a9fe:a9fe::1
2002:808:808::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fd12:3456::1 fe80::1 febf::1 fec0::1 ff02::1 ff0e::1
""")
SPELLINGS = words("""
2130706433 0x7f000001 017700000001 0177.0.0.1 0x7f.0.0.1 0x7F.1 127.1 127.0.1 127.0.0.01 00000177.0.0.1 0x0.0x0.0
127.0.0.1. localhost. example.com. 1.2.3.4.5 256.1.1.1 example.0x10 example.123 134744072 010.010.010.010
[fe80::1%25eth0] [fe80::1%eth0] [::1%1] [127.0.0.1] [v1.127] [::ffff:127.0.0.1%1]
１２７.0.0.1 127。0。0。1 ①②⑦.0.0.1 ⓛocalhost münchen.de %31%32%37.0.0.1 127%2e0%2e0%2e1 exa_mple..com -a.com .com .
ſhop.example hoo\N{KELVIN SIGN}.example [2606:4700::1%1] [2606:4700::1%25eth0] [1.1.1.1]
""")
URLS = [
    "", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
    "https://", "https:///x", "https:example.com", "https://user@example.com/", "https://user:password@example.com/",
    "https://example.com@127.0.0.1/", "https://example.com:0/", "https://example.com:99999/", "https://example.com:x/",
    "https://example.com\\@127.0.0.1/", "https://exam ple.com/", "https://example.com/a\r\nHost: b", "\thttps://a.com",
    "https://[::1/", "https://::1/", "https://[2606:4700::1111]evil.example/", "https://a[2606:4700::1111]/",
    "https://[2606:4700::1111]:443evil.example/", "https://example.com/\ud800",
    "https://example.com/?\udfff", "https://example.com/\x7f", "https://example.com/\x00",
    "https://a.com/" + "a" * 2000,
    *(f"https://example.com:{port}/" for port in (1, 22, 25, 110, 587, 1023)),
]  # fmt: skip


def nobody(host: str) -> list[str]:
    raise AssertionError(f"{host} was resolved")


def host_of(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_is_not_public_is_refused(address: str, scheme: str):
    with pytest.raises(OutgoingRefused):
        Outgoing(Allowed(), nobody).send(f"{scheme}://{host_of(address)}/", b"", {}, LIMITS)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("beside", [[], [NO_TRAFFIC]])
def test_a_name_with_such_an_address_is_refused(address: str, beside: list[str]):
    """Also where a public one stands first. Only the resolver is a fake."""
    with pytest.raises(OutgoingRefused, match=r"name\.example is "):
        Outgoing(Allowed(), lambda _: [*beside, address]).send("https://name.example/", b"", {}, LIMITS)


@pytest.mark.parametrize("host", SPELLINGS)
def test_an_odd_spelling_is_refused_before_it_is_resolved(host: str):
    with pytest.raises(OutgoingRefused):
        Outgoing(Allowed(["127.0.0.0/8"]), nobody).send(f"https://{host}/", b"", {}, LIMITS)


@pytest.mark.parametrize(
    ("host", "says"), [("a.example.", "ends with a dot"), ("münchen.de", "xn--"), ("127.1", "odd spelling")]
)
def test_it_is_told_how_to_write_it(host: str, says: str):
    with pytest.raises(OutgoingRefused, match=says):
        Outgoing(Allowed(), nobody).check(f"https://{host}/")


@pytest.mark.parametrize("url", URLS)
def test_a_url_that_is_none_of_the_web_is_refused(url: str):
    with pytest.raises(OutgoingRefused):
        Outgoing(Allowed(), nobody).check(url)


@pytest.mark.parametrize("name", ["localhost", "ip6-localhost", "localhost.localdomain"])
def test_a_name_of_this_machine_is_refused(name: str):
    """By the system's own resolver; one that it does not know is none."""
    with pytest.raises((OutgoingRefused, OutgoingFailed)):
        Outgoing(Allowed()).send(f"https://{name}/", b"", {}, LIMITS)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8443", "photos.localhost"])
def test_localhost_is_refused_before_it_is_resolved_unless_it_is_allowed(host: str):
    with pytest.raises(OutgoingRefused, match="localhost is a loopback address"):
        Outgoing(Allowed(["10.0.0.0/8"]), nobody).check(f"https://{host}/")
    for allowed in ("127.0.0.0/8", "::1", host.partition(":")[0]):
        Outgoing(Allowed([allowed]), nobody).check(f"http://{host}/")


def test_http_is_refused_where_nothing_allows_it():
    with pytest.raises(OutgoingRefused, match="https://"):
        Outgoing(Allowed()).check("http://example.com/")
    with pytest.raises(OutgoingRefused, match="https://"):
        Outgoing(Allowed(["10.0.0.0/8"]), lambda _: [NO_TRAFFIC]).send("http://example.com/", b"", {}, LIMITS)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://EXAMPLE.com/a?b=ä",
        "https://1.1.1.1:8443/x",
        "https://[2606:4700::1]/",
        "https://[2606:4700::1]:8443/",
    ],
)
def test_what_is_public_is_not_refused(url: str):
    Outgoing(Allowed(), nobody).check(url)


@pytest.mark.parametrize("allowed", ["127.0.0.1", "127.0.0.0/8", "hooks.lan", "HOOKS.lan"])
def test_what_the_setting_names_is_reached_without_tls(allowed: str):
    with receiver() as there:
        answer = Outgoing(Allowed([allowed]), lambda _: ["127.0.0.1"]).send(
            f"http://hooks.lan:{there.port}/x?y", b"body", {}, LIMITS
        )
    assert answer.status == 204
    assert [(r.method, r.path, r.body) for r in there.requests] == [("POST", "/x?y", b"body")]
    assert there.requests[0].headers["host"] == f"hooks.lan:{there.port}"


@pytest.mark.parametrize("allowed", ["127.0.0.2", "10.0.0.0/8", "lan", "evil.hooks.lan", "::ffff:127.0.0.0/104"])
def test_what_the_setting_does_not_name_is_not(allowed: str):
    with receiver() as there, pytest.raises(OutgoingRefused):
        Outgoing(Allowed([allowed]), lambda _: ["127.0.0.1"]).send(f"http://hooks.lan:{there.port}/", b"", {}, LIMITS)
    assert there.requests == []


class Rebinding:
    """A name whose address is another one each time that somebody asks. The only fake here: everything else is real."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), 0

    def __call__(self, host: str) -> list[str]:
        self.asked += 1
        return [self.answers.pop(0)]


def send(outgoing: Outgoing, there: Receiver) -> None:
    outgoing.send(f"https://rebinding.example:{there.port}/", b"", {}, LIMITS)


def test_a_name_that_is_public_first_and_private_then_never_leads_to_the_private_address():
    resolver = Rebinding(NO_TRAFFIC, "127.0.0.1", "127.0.0.1")
    with receiver() as there:
        outgoing = Outgoing(Allowed(), resolver)
        with pytest.raises(OutgoingFailed):
            send(outgoing, there)
        assert resolver.asked == 1
        with pytest.raises(OutgoingRefused):
            send(outgoing, there)
    assert there.requests == []


def test_the_connection_goes_to_the_address_that_was_checked():
    """Both are served; the one that the name has by then is never connected to."""
    resolver = Rebinding("127.0.0.1", "127.0.0.2")
    with receiver("127.0.0.1") as checked, receiver("127.0.0.2") as later:
        outgoing = Outgoing(Allowed(["127.0.0.1"]), resolver)
        url = "http://rebinding.example:{}/"
        assert outgoing.send(url.format(checked.port), b"", {}, LIMITS).status == 204
        with pytest.raises(OutgoingRefused):
            outgoing.send(url.format(later.port), b"", {}, LIMITS)
    assert (len(checked.requests), len(later.requests), resolver.asked) == (1, 0, 2)


def test_every_address_of_a_name_is_tried_until_one_takes_the_connection():
    with receiver("127.0.0.2") as there:
        outgoing = Outgoing(Allowed(["127.0.0.0/8"]), lambda _: ["127.0.0.1", "127.0.0.2"])
        assert outgoing.send(f"http://hooks.lan:{there.port}/", b"", {}, LIMITS).status == 204


def test_a_name_without_an_address_fails():
    def unknown(_: str) -> list[str]:
        raise OSError

    with pytest.raises(OutgoingFailed, match="can not be resolved"):
        Outgoing(Allowed(), unknown).send("https://name.example/", b"", {}, LIMITS)
    with pytest.raises(OutgoingFailed, match="has no address"):
        Outgoing(Allowed(), lambda _: []).send("https://name.example/", b"", {}, LIMITS)


def test_tls_is_what_a_public_host_needs():
    assert isinstance(Outgoing(Allowed())._tls, ssl.SSLContext)
    assert Outgoing(Allowed())._tls.verify_mode == ssl.CERT_REQUIRED
    assert Outgoing(Allowed())._tls.check_hostname
