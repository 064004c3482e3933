"""Uploads over real connections to a real gunicorn, cut off in every way."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path

import pytest

from tests.factories import files_below, photo
from tests.system import System
from tests.waiting import wait_until

HEAD = b"--edge\r\nContent-Disposition: form-data; name=file; filename=a.jpg\r\n\r\n"
WHOLE = HEAD + photo(300, 200) + b"\r\n--edge--\r\n"


def request(path: str, headers: str) -> bytes:
    start = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=edge\r\n"
    return f"{start}{headers}\r\n\r\n".encode()


def exchange(system: System, path: str, headers: str, body: bytes) -> bytes:
    """Send the bytes, close the sending side, and return the answer."""
    with socket.create_connection(("127.0.0.1", system.port), timeout=20) as connection:
        connection.sendall(request(path, headers) + body)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


BEGUN = request("/api/v1/jobs", "Content-Length: 500000") + HEAD + bytes(200_000)


def unfinished(system: System) -> list[str]:
    """The uploads that are not at their end; a worker's files stand beside them."""
    return [path for path in files_below(system.folder / "media" / "tmp") if path.startswith("upload-")]


def newest_job(system: System) -> str | None:
    jobs = system.http.get("/api/v1/jobs").json()["jobs"]
    return jobs[0]["id"] if jobs else None


@pytest.mark.parametrize("path", ["/", "/api/v1/jobs"])
@pytest.mark.parametrize("cut", [0, 10, len(HEAD), len(HEAD) + 500, len(WHOLE) - 12, len(WHOLE) - 2])
def test_a_cut_off_upload_is_refused_and_makes_no_job(system: System, path: str, cut: int):
    before = newest_job(system)
    answer = exchange(system, path, f"Content-Length: {len(WHOLE)}", WHOLE[:cut])
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert newest_job(system) == before
    assert unfinished(system) == []


@pytest.mark.parametrize("end", [b"", b"0\r\n\r\n"], ids=["cut in a chunk", "ended too early"])
def test_a_cut_off_chunked_upload_is_refused(system: System, end: bytes):
    before = newest_job(system)
    short = WHOLE[:-20]
    chunk = f"{len(short) + (0 if end else 9):x}\r\n".encode() + short + (b"\r\n" if end else b"")
    answer = exchange(system, "/api/v1/jobs", "Transfer-Encoding: chunked", chunk + end)
    assert answer.startswith(b"HTTP/1.1 400 "), answer[:200]
    assert newest_job(system) == before
    assert unfinished(system) == []


def test_a_whole_upload_by_hand_is_accepted(system: System):
    assert exchange(system, "/api/v1/jobs", f"Content-Length: {len(WHOLE)}", WHOLE).startswith(b"HTTP/1.1 202 ")
    chunked = f"{len(WHOLE):x}\r\n".encode() + WHOLE + b"\r\n0\r\n\r\n"
    assert exchange(system, "/api/v1/jobs", "Transfer-Encoding: chunked", chunked).startswith(b"HTTP/1.1 202 ")


def test_a_client_that_vanishes_leaves_nothing(system: System):
    before = newest_job(system)
    with socket.create_connection(("127.0.0.1", system.port), timeout=20) as connection:
        connection.sendall(BEGUN)
        wait_until(lambda: unfinished(system), 20, "the upload has begun")
    wait_until(lambda: not unfinished(system), 20, "what had arrived is removed")
    assert newest_job(system) == before


def test_senders_that_fall_silent_do_not_hold_the_web(system: System):
    """As many as the web has threads: it answers again once they were silent for UPLOAD_SILENCE_SECONDS."""
    with ExitStack() as stack:
        senders = [stack.enter_context(socket.create_connection(("127.0.0.1", system.port), 30)) for _ in range(4)]
        for sender in senders:
            sender.sendall(BEGUN)
        wait_until(lambda: len(unfinished(system)) == 4, 20, "all uploads have begun")
        assert system.http.get("/healthz", timeout=30).status_code == 200
        assert all(sender.recv(1000).startswith(b"HTTP/1.1 400 ") for sender in senders)
    wait_until(lambda: not unfinished(system), 20, "what had arrived is removed")


def test_a_large_upload_costs_the_web_no_memory(system: System):
    """The process that receives 200 MB grows by less than a tenth of that."""
    size = 200_000_000
    mebibyte = bytes(1 << 20)

    def body() -> Iterator[bytes]:
        yield HEAD
        yield from repeat(mebibyte, size >> 20)
        yield b"\r\n--edge--\r\n"

    before = peak_memory(system)
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    response = system.http.post("/api/v1/jobs", content=body(), headers=headers, timeout=100)
    assert response.status_code == 202, response.text
    assert response.json()["items"][0]["asset"]["bytes"] == size >> 20 << 20
    assert peak_memory(system) - before < size / 10


def peak_memory(system: System) -> int:
    """The largest resident size that a process of the web ever had, in bytes."""
    main = system.processes["web"].pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    status = [Path(f"/proc/{pid}/status").read_text() for pid in children]
    return max(int(text.split("VmHWM:")[1].split()[0]) * 1024 for text in status)
