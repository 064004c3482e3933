"""The proxies do to a connection what the faults say."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.chaos.proxy import Network, Proxy


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """In front of a server that sends everything back."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server, Network() as network:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        yield network.proxy(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def _echo(server: socket.socket) -> None:
    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(1000):
                    connection.sendall(data)
            except OSError:
                return

    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


@contextmanager
def connected(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        assert exchange(connection, b"first") == b"first"
        yield connection


def exchange(connection: socket.socket, data: bytes) -> bytes:
    connection.sendall(data)
    return connection.recv(1000)


def is_silent(connection: socket.socket) -> bool:
    connection.settimeout(0.3)
    try:
        connection.recv(1000)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(10)
    return False


def test_what_was_held_back_arrives_later(proxy: Proxy):
    with connected(proxy) as connection:
        resume = proxy.stall()
        connection.sendall(b"late")
        assert is_silent(connection)
        resume()
        assert connection.recv(1000) == b"late"


def test_a_forgotten_connection_is_silent_for_ever_and_a_new_one_works(proxy: Proxy):
    with connected(proxy) as old:
        assert proxy.forget() == 1
        old.sendall(b"nobody hears this")
        assert is_silent(old)
        with connected(proxy) as new:
            assert exchange(new, b"hello") == b"hello"
        assert is_silent(old)


def test_a_cut_connection_is_reset(proxy: Proxy):
    with connected(proxy) as connection:
        assert proxy.cut() == 1
        assert connection.recv(1000) == b""


def test_a_target_that_is_not_there_ends_the_connection(proxy: Proxy):
    with Network() as network:
        nowhere = network.proxy(1)
        with socket.create_connection(("127.0.0.1", nowhere.port), timeout=10) as connection:
            assert connection.recv(1000) == b""
