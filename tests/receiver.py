"""A real HTTP server on loopback that answers as a test tells it to, and remembers what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """`answers` are given one after the other, the last one again and again; `release` lets those end that wait."""

    host: str
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=lambda: [answer(204)])
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/hooks"

    def then(self, *answers: Answer) -> None:
        self.answers = list(answers)


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    def give(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return give


@contextmanager
def receiver(host: str = "127.0.0.1", wrap: Callable[[Any], Any] | None = None) -> Iterator[Receiver]:
    """`wrap` makes a TLS socket of the server's."""
    told = Receiver(host)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.requests.append(Request(self.command, self.path, headers, body))
            give = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
            self.close_connection = True
            give(self)

        do_GET = do_POST  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever asked has gone away."""

    server = Server((host, 0), Handler)
    if wrap:
        server.socket = wrap(server.socket)
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield told
    finally:
        told.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
