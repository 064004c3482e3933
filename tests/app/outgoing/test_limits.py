"""What another server may do to us: nothing that takes longer or more than the limits, and it leads us nowhere else."""

import datetime as dt
import gzip
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.errors import OutgoingFailed
from app.outgoing import Allowed, Answer, Limits, Outgoing
from tests.receiver import Receiver, answer, receiver
from tests.waiting import wait_until

LIMITS = Limits(bytes=1000, connect=2, silence=0.2, whole=20)
SOON = Limits(bytes=1_000_000, connect=2, silence=5, whole=0.5)


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def send(there: Receiver, limits: Limits = LIMITS) -> Answer:
    return Outgoing(Allowed(["127.0.0.1"])).send(there.url, b"{}", {"Content-Type": "application/json"}, limits)


def got(there: Receiver, limits: Limits = LIMITS, most: int = 10_000_000) -> bytes:
    with Outgoing(Allowed(["127.0.0.1"])).get(there.url, limits) as incoming:
        return b"".join(incoming.chunks(most))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(there: Receiver, status: int):
    there.then(answer(status, Location="/elsewhere"))
    assert send(there).status == status
    assert [request.path for request in there.requests] == ["/hooks"]


def test_no_proxy_of_the_environment_is_asked(there: Receiver, monkeypatch: pytest.MonkeyPatch):
    with receiver() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send(there).status == 204
    assert proxy.requests == []


def test_a_large_body_is_read_up_to_the_limit(there: Receiver):
    there.then(answer(200, b"x" * 1_000_000))
    assert send(there).body == b"x" * 1000


def test_nothing_is_decompressed(there: Receiver):
    """A bomb stays as small as it was sent."""
    bomb = gzip.compress(b"\0" * 10_000_000)
    there.then(answer(200, bomb, Content_Encoding="gzip"))
    assert got(there) == bomb
    assert there.requests[0].headers["accept-encoding"] == "identity"


def dripping(there: Receiver, head: bytes):
    """A byte again and again, so that no single silence is long."""

    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not there.release.wait(0.02):
            handler.wfile.write(b"x")

    return give


def stopping(there: Receiver, head: bytes):
    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        there.release.wait(60)

    return give


def test_a_server_that_says_nothing_is_given_up(there: Receiver):
    there.then(stopping(there, b""))
    with pytest.raises(OutgoingFailed, match="silent"):
        send(there)


def test_a_status_counts_although_the_body_never_comes(there: Receiver):
    there.then(stopping(there, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"))
    answered = send(there)
    assert (answered.status, answered.body) == (200, b"abc")


def test_a_body_that_is_asked_for_has_to_come(there: Receiver):
    there.then(stopping(there, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"))
    with pytest.raises(OutgoingFailed, match="silent"):
        got(there)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["status", "header"])
def test_a_head_that_drips_ends_with_the_whole_time(there: Receiver, head: bytes):
    there.then(dripping(there, head))
    with pytest.raises(OutgoingFailed, match="too long"):
        send(there, SOON)


def test_a_body_that_drips_ends_with_the_whole_time(there: Receiver):
    there.then(dripping(there, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"))
    with pytest.raises(OutgoingFailed, match="too long"):
        got(there, SOON)
    assert send(there, SOON).status == 200


def test_a_body_without_a_length_that_drips_ends_with_the_whole_time(there: Receiver):
    there.then(dripping(there, b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"))
    with pytest.raises(OutgoingFailed, match="too long"):
        got(there, SOON)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ],
    ids=["length", "chunked"],
)
def test_a_body_that_is_cut_off_is_no_body(there: Receiver, sent: bytes):
    there.then(lambda handler: handler.wfile.write(sent))
    with pytest.raises(OutgoingFailed):
        got(there)


@pytest.mark.parametrize(
    "sent", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 999999 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200]
)
def test_what_is_not_http_is_told_so(there: Receiver, sent: bytes):
    there.then(lambda handler: handler.wfile.write(sent))
    with pytest.raises(OutgoingFailed):
        send(there)


def test_nothing_waits_on_for_the_end_of_the_time(there: Receiver):
    assert send(there).status == 204
    wait_until(
        lambda: not any(isinstance(one, threading.Timer) for one in threading.enumerate()), 5, "no timer is left"
    )


def test_a_resolver_that_takes_too_long_is_not_waited_for():
    over = threading.Event()
    limits = Limits(bytes=1, connect=0.1)
    try:
        with pytest.raises(OutgoingFailed, match="not resolved within"):
            Outgoing(Allowed(), lambda _: over.wait(60) and []).send("https://slow.example/", b"", {}, limits)
    finally:
        over.set()


def test_a_port_where_nobody_listens_is_told():
    with receiver() as gone:
        pass
    with pytest.raises(OutgoingFailed, match="did not take the connection"):
        send(gone)


def certificate(folder: Path, name: str) -> Path:
    """Of an authority of our own, for the name and for nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / f"{name}.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def test_tls_is_verified_for_the_name_and_not_for_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The authority is trusted as OpenSSL is told in SSL_CERT_FILE; the name's server is on loopback."""
    file = certificate(tmp_path, "hooks.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with receiver(wrap=lambda sock: context.wrap_socket(sock, server_side=True)) as there:
        outgoing = Outgoing(Allowed(["127.0.0.1"]), lambda _: ["127.0.0.1"])
        assert outgoing.send(f"https://hooks.example:{there.port}/", b"", {}, LIMITS).status == 204
        assert asked == ["hooks.example"]
        for other in ("other.example", str(ipaddress.IPv4Address("127.0.0.1"))):
            with pytest.raises(OutgoingFailed, match="certificate"):
                outgoing.send(f"https://{other}:{there.port}/", b"", {}, LIMITS)
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(OutgoingFailed, match="certificate"):
            Outgoing(Allowed(["127.0.0.1"]), lambda _: ["127.0.0.1"]).send(
                f"https://hooks.example:{there.port}/", b"", {}, LIMITS
            )
    assert len(there.requests) == 1
