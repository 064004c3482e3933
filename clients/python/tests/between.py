"""A proxy on loopback that stands between the client and a real Darkroom, writes down what passes, and misbehaves."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


@dataclass
class Seen:
    method: str
    path: str
    headers: Message
    status: int | None = None


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Fault = Callable[[Seen, Callable[[], Answer]], Answer | None]
"""Is given a request and a way to pass it on; gives an answer, or None to close the connection without any."""


@dataclass
class Between:
    """`faults` happen to the next requests, one to each; all others pass, and `always` is done to their answers."""

    target: str
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    always: Callable[[Seen, Answer], Answer] = lambda _, answer: answer

    def requests(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]


def lost_answer(seen: Seen, forward: Callable[[], Answer]) -> None:
    """The server does what it is asked for, and the client never hears of it."""
    forward()


def answered(status: int, **headers: str) -> Fault:
    """The server never hears of it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: Answer(status, named)


def cut_to(bytes: int) -> Fault:
    """The body ends in the middle, whatever its length was said to be."""

    def fault(seen: Seen, forward: Callable[[], Answer]) -> Answer:
        whole = forward()
        headers = whole.headers | {"Content-Length": str(len(whole.body))}
        return Answer(whole.status, headers, whole.body[:bytes])

    return fault


def passed(seen: Seen, forward: Callable[[], Answer]) -> Answer:
    return forward()


@contextmanager
def standing(target: str) -> Iterator[Between]:
    between = Between(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen = Seen(self.command, self.path, self.headers)
            between.seen.append(seen)
            fault = between.faults.pop(0) if between.faults else passed
            answer = fault(seen, lambda: _forward(between.target, seen, body))
            self.close_connection = True
            if answer is not None:
                self.write(seen, between.always(seen, answer))

        def write(self, seen: Seen, answer: Answer) -> None:
            seen.status = answer.status
            self.send_response(answer.status)
            for name, value in ({"Content-Length": str(len(answer.body))} | answer.headers).items():
                self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = handle_any  # noqa: N815 - so the library calls them

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        between.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield between
        finally:
            server.shutdown()
            thread.join()


def _forward(target: str, seen: Seen, body: bytes) -> Answer:
    headers = {name: value for name, value in seen.headers.items() if name.lower() not in ("host", "connection")}
    with httpx.Client(timeout=60, trust_env=False) as http:
        response = http.request(seen.method, target + seen.path, headers=headers, content=body)
    dropped = ("connection", "content-length", "transfer-encoding", "date", "server")
    kept = {name: value for name, value in response.headers.items() if name not in dropped}
    return Answer(response.status_code, kept, response.content)
