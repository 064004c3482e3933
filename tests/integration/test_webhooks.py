"""Webhooks of a whole Darkroom, as docs/webhooks.md shows them; and nothing is lost with the process that sends."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from reference.places import DOCS
from tests.factories import photo
from tests.rabbitmq import free_port
from tests.receiver import answer, receiver
from tests.system import System
from tests.waiting import wait_until

PAGE = (DOCS / "webhooks.md").read_text("utf-8")
COMMANDS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
(RECEIVER,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def system(broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("system")
    with System(folder, broker_url, OUTGOING_ALLOWED="127.0.0.1") as running:
        yield running


def deliveries(system: System, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = system.http.get(f"/api/v1/webhooks/{name}/deliveries").json()["deliveries"]
    return found


def endpoint(system: System, name: str, url: str, **more: object) -> str:
    made = system.http.post("/api/v1/webhooks", json={"name": name, "url": url, **more})
    assert made.status_code == 201, made.text
    return str(made.json()["secret"])


def end_leases(system: System) -> None:
    """As a minute would."""
    past = "2026-01-01 00:00:00.000000"
    with closing(sqlite3.connect(system.folder / "darkroom.db", isolation_level=None, timeout=20)) as database:
        changed = database.execute(
            "UPDATE webhook_deliveries SET lease_until = ?, next_try_at = ? WHERE lease_until IS NOT NULL", (past, past)
        )
        assert changed.rowcount == 1


def test_the_page_does_what_it_says(system: System, tmp_path: Path):
    """Its commands and its receiver, on other ports."""
    port = free_port()

    def ported(text: str) -> str:
        return text.replace(":8000", f":{system.port}").replace("9000", str(port))

    def run(command: str) -> dict[str, Any]:
        done = subprocess.run(["bash", "-c", ported(command)], cwd=DOCS.parent, check=True, capture_output=True)
        answered: dict[str, Any] = json.loads(done.stdout)
        return answered

    make, ping, submit = COMMANDS
    secret = run(make)["secret"]
    program = tmp_path / "receiver.py"
    program.write_text(ported(RECEIVER))
    with (tmp_path / "told").open("wb") as told, subprocess.Popen(
        [sys.executable, str(program)], env=os.environ | {"WEBHOOK_SECRET": secret}, stdout=told
    ) as receiving:  # fmt: skip
        try:

            def line(start: str) -> str | None:
                lines = (tmp_path / "told").read_text().splitlines()
                return next((one for one in lines if one.startswith(start)), None)

            run(ping)
            wait_until(lambda: line("ping {'endpoint': 'shop'}"), 60, "the ping arrives", receiving)
            job = run(submit)["id"]
            assert job in wait_until(lambda: line("job.completed "), 60, "the job's end is told", receiving)
        finally:
            receiving.terminate()
    system.http.delete("/api/v1/webhooks/shop").raise_for_status()


def test_a_dispatcher_that_is_killed_while_it_sends_loses_nothing(system: System):
    """The next one sends it again when the lease has ended: the same message, under the same id."""
    with receiver() as there:
        secret = endpoint(system, "killed", there.url)
        there.then(lambda _: there.release.wait(120) and None, answer(204))
        job = system.finished(system.submit(("a.jpg", photo()))["id"])
        wait_until(lambda: there.requests, 30, "the first request is on its way")
        system.kill("dispatcher")
        end_leases(system)
        system.start("dispatcher")
        system.wait_for("dispatcher")
        wait_until(lambda: len(there.requests) > 1, 30, "it is sent again")
        first, second = there.requests
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert Webhook(secret).verify(second.body, second.headers)["data"]["job"]["id"] == job["id"]
        wait_until(lambda: deliveries(system, "killed")[0]["state"] == "succeeded", 10, "it has arrived")
    system.http.delete("/api/v1/webhooks/killed").raise_for_status()


def test_a_worker_that_is_killed_loses_no_message_of_the_job_that_it_had(system: System):
    with receiver() as there:
        endpoint(system, "worker", there.url, events=["job.completed", "item.failed"])
        job = system.submit(("a.jpg", photo(1200, 900)), ("b.txt", b"no picture"))
        system.kill("worker")
        system.start("worker")
        system.wait_for("worker")
        assert system.finished(job["id"], 120)["state"] == "partial"
        wait_until(lambda: there.requests, 30, "the failed file is told")
        assert [json.loads(request.body)["type"] for request in there.requests] == ["item.failed"]
    system.http.delete("/api/v1/webhooks/worker").raise_for_status()


def test_an_endpoint_that_hangs_delays_no_photo(system: System):
    with receiver() as there:
        there.then(lambda _: there.release.wait(120) and None)
        endpoint(system, "hangs", there.url)
        for _ in range(10):
            system.http.post("/api/v1/webhooks/hangs/ping").raise_for_status()
        wait_until(lambda: there.requests, 30, "requests hang")
        assert system.finished(system.submit(("a.jpg", photo()))["id"])["state"] == "succeeded"
        assert not there.release.is_set()
        assert {delivery["state"] for delivery in deliveries(system, "hangs")} == {"pending"}
    system.http.delete("/api/v1/webhooks/hangs").raise_for_status()


def test_a_dispatcher_that_is_told_to_end_lets_what_it_sends_arrive(system: System):
    with receiver() as there:
        endpoint(system, "ends", there.url)

        def slowly(handler: Any) -> None:
            there.release.wait(3)
            answer(204)(handler)

        there.then(slowly)
        system.http.post("/api/v1/webhooks/ends/ping").raise_for_status()
        wait_until(lambda: there.requests, 30, "it is being sent")
        assert system.terminate("dispatcher") == 0
        assert deliveries(system, "ends")[0]["state"] == "succeeded"
        system.start("dispatcher")
        system.wait_for("dispatcher")
    system.http.delete("/api/v1/webhooks/ends").raise_for_status()
