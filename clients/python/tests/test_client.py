"""The library: what it sends to whom, and what it makes of answers."""

import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from darkroom_client import ApiError, Client, ConfigurationError, LocalFileError, UnexpectedAnswer, Unreachable, Upload

from clients.python.tests.between import Answer, Between, Fault, Seen, answered, passed, standing
from clients.python.tests.conftest import Darkroom
from tests.factories import photo
from tests.system import System
from tests.waiting import wait_until

TOKEN = "drk_secret"


@pytest.fixture
def resuming(system: System) -> Fault:
    """The bulk lane goes on, and then the request passes."""

    def fault(_: Seen, forward: Callable[[], Answer]) -> Answer:
        system.http.post("/api/v1/status/lanes/bulk/resume").raise_for_status()
        return forward()

    return fault


@pytest.mark.usefixtures("paused")
def test_polling_an_unchanged_job_costs_a_304(
    client: Client, files: list[Path], between: Between, system: System, resuming: Fault
):
    job = client.submit(files[:1], "thumbnail", lane="bulk")
    wait_until(lambda: system.job(job.id)["items"][0]["state"] == "queued", 60, "nothing happens to it any more")
    between.faults = [passed, passed, passed, resuming]
    assert client.wait(job.id).state == "succeeded"
    polls = between.requests("GET", f"/api/v1/jobs/{job.id}")
    assert [poll.status for poll in polls][:3] == [200, 304, 304]
    assert "If-None-Match" not in polls[0].headers
    assert polls[1].headers["If-None-Match"].startswith('W/"')


@pytest.mark.usefixtures("paused")
def test_it_looks_again_when_the_server_says(
    client: Client, files: list[Path], between: Between, resuming: Fault, monkeypatch: pytest.MonkeyPatch
):
    job = client.submit(files[:1], "thumbnail", lane="bulk")
    between.faults = [passed, resuming]
    between.always = lambda _, answer: Answer(answer.status, answer.headers | {"Retry-After": "7"}, answer.body)
    pauses: list[float] = []
    clock = SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append)
    monkeypatch.setattr("darkroom_client.client.time", clock)
    client.wait(job.id)
    assert set(pauses) == {7.0}


@pytest.mark.usefixtures("paused")
def test_the_place_of_a_waiting_file_is_asked_for_anew(
    client: Client, files: list[Path], between: Between, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("darkroom_client.client._ANEW_SECONDS", 0)
    job = client.submit(files[:1], "thumbnail", lane="bulk")
    looks = client.watch(job.id)
    assert [next(looks).state, next(looks).state] == ["queued", "queued"]
    assert not any("If-None-Match" in seen.headers for seen in between.requests("GET", f"/api/v1/jobs/{job.id}"))


def test_the_token_is_sent(between: Between):
    with Client(between.url, f" {TOKEN}\n") as client:
        client.recipes()
    assert [seen.headers["Authorization"] for seen in between.seen] == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_with_the_token(between: Between, files: list[Path], status: int):
    with standing(between.target) as other, Client(between.url, TOKEN) as client:
        between.faults = [answered(status, Location=f"{other.url}/api/v1/jobs")] * 2
        with pytest.raises(UnexpectedAnswer, match="not followed"):
            client.status()
        with pytest.raises(UnexpectedAnswer, match="not followed"):
            client.submit(files)
        assert not other.seen


def test_an_address_of_another_host_gets_nothing(between: Between, files: list[Path], tmp_path: Path):
    with standing(between.target) as other, Client(between.url, TOKEN) as client:
        job = client.wait(client.submit(files[:1], "thumbnail").id)
        with pytest.raises(UnexpectedAnswer, match="another host"):
            client.download(replace(job.outputs[0], url=f"{other.url}{job.outputs[0].url}"), tmp_path / "x")
        between.always = lambda *_: Answer(
            200, {}, json.dumps({"jobs": [], "next": f"{other.url}/api/v1/jobs"}).encode()
        )
        with pytest.raises(UnexpectedAnswer, match="another host"):
            list(client.jobs())
        assert not other.seen


def test_a_proxy_of_the_environment_does_not_see_what_goes_to_loopback(
    between: Between, monkeypatch: pytest.MonkeyPatch
):
    with standing(between.target) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        with Client(between.url, TOKEN) as client:
            client.recipes()
        assert not proxy.seen
    assert between.seen


@pytest.mark.parametrize("token", ["a b", "a\r\nX-Evil: 1", "tökën"])
def test_what_is_no_token_is_refused(token: str):
    with pytest.raises(ConfigurationError, match="token"):
        Client(token=token)


@pytest.mark.parametrize("url", ["", "localhost:8000", "http://", "file:///x", "http://u:p@h/", "http://h/?q"])
def test_what_is_no_address_is_refused(url: str):
    with pytest.raises(ConfigurationError):
        Client(url)


def test_a_problem_is_an_error_with_all_that_it_says(client: Client, files: list[Path]):
    with pytest.raises(ApiError) as caught:
        client.submit(files, "thumbnail", variables={"width": "wide"})
    error = caught.value
    assert (error.status, error.code) == (400, "invalid-parameter")
    assert error.type.endswith("/problems/invalid-parameter")
    assert error.errors[0].pointer == "/vars/width"
    assert str(error) == error.detail != ""
    with pytest.raises(ApiError) as caught:
        client.job("00000000-0000-0000-0000-000000000000")
    assert (caught.value.status, caught.value.code) == (404, "not-found")


def test_an_error_page_of_something_else_is_an_error_too(client: Client, between: Between):
    between.faults = [lambda *_: Answer(403, {"Content-Type": "text/html"}, b"<h1>No</h1>")]
    with pytest.raises(ApiError) as caught:
        client.status()
    assert (caught.value.status, caught.value.code) == (403, "http-403")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"lanes": 3}', b"\xff", b'{"lanes": [{"lane": "x"}]}'])
def test_an_answer_of_something_else_is_told(client: Client, between: Between, body: bytes):
    between.always = lambda *_: Answer(200, {"Content-Type": "text/html"}, body)
    for ask in (client.status, client.recipes, lambda: client.job("x"), lambda: list(client.jobs())):
        with pytest.raises(UnexpectedAnswer, match="Darkroom"):
            ask()


def test_a_prefix_of_the_address_is_kept(between: Between):
    with Client(f"{between.url}/below/", retry_for=0) as client, pytest.raises(ApiError):
        client.status()
    assert [seen.path for seen in between.seen] == ["/below/api/v1/status"]


def test_nobody_there_is_told_with_the_reason():
    with Client("http://127.0.0.1:1", retry_for=0) as client, pytest.raises(Unreachable, match="refused") as caught:
        client.status()
    assert not caught.value.arrived


def test_a_large_file_costs_no_memory(system: System, tmp_path: Path):
    large = tmp_path / "large.jpg"
    large.write_bytes(photo())
    os.truncate(large, 200_000_000)
    sent = []
    with Client(str(system.http.base_url)) as client:
        tracemalloc.start()
        job = client.submit([large], on_sent=lambda _, size: sent.append(size))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 10_000_000
    assert sent == sorted(sent)
    assert (sent[0], sent[-1]) == (0, 200_000_000)
    system.http.delete(f"/api/v1/jobs/{job.id}").raise_for_status()


@pytest.mark.parametrize("change", [b"shorter", b"longer" * 1000])
def test_a_file_that_changes_while_it_is_sent_makes_no_job(
    client: Client, files: list[Path], system: System, change: bytes
):
    upload = Upload.of(files[0])
    files[0].write_bytes(change)
    before = system.http.get("/api/v1/jobs").json()["jobs"]
    with pytest.raises(LocalFileError, match="changed while it was sent"):
        client.submit([upload])
    assert system.http.get("/api/v1/jobs").json()["jobs"] == before


def test_lists_go_on_to_their_end(client: Client, files: list[Path]):
    made = [client.submit(files[:1], "thumbnail").id for _ in range(3)]
    found = client.jobs(limit=2, recipe="thumbnail")
    assert [next(found).id for _ in range(3)] == made[::-1]


def test_every_list_of_the_command_is_lines_or_json(darkroom: Darkroom, files: list[Path]):
    job = json.loads(darkroom("submit", *files, "--wait", "--json").out)
    for command, word in (("jobs", job["id"]), ("recipes", "thumbnail@1"), ("status", "interactive")):
        ended = darkroom(command)
        assert (ended.code, word in ended.out) == (0, True)
        assert word.partition("@")[0] in json.dumps(json.loads(darkroom(command, "--json").out))
    assert darkroom("jobs", "--state", "partial", "-n", "1", "--recipe", "web-images").out.startswith(job["id"])
    assert darkroom("jobs", "--recipe", "none-such").out == "There are none.\n"
    retried = darkroom("retry", job["id"])
    assert (retried.code, job["id"] in retried.out) == (0, True)


def test_nothing_that_a_server_says_reaches_the_terminal_as_an_order(darkroom: Darkroom, between: Between):
    field = {"detail": "\x1b[2J", "pointer": "/"}
    evil = json.dumps({"code": "x", "detail": "a\x1b]0;evil\x07\u202eb", "errors": [field]}).encode()
    between.faults = [lambda *_: Answer(400, {"Content-Type": "application/problem+json"}, evil)]
    ended = darkroom("recipes")
    assert ended.code == 3
    assert all(character.isprintable() or character == "\n" for character in ended.err)


def test_the_library_needs_no_rich():
    code = "import sys; sys.modules['rich'] = None; import darkroom_client"
    path = os.pathsep.join(filter(None, sys.path))
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, check=False).returncode == 0
