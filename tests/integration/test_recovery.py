"""What a real broker and real processes do when something ends in the middle."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection, Producer

from app.broker import DEAD_LETTERS, EXCHANGE, PROCESS_TASK, make_celery, queue_name
from app.ids import new_id
from app.models import Lane
from tests.factories import photo
from tests.system import System
from tests.waiting import wait_until


@pytest.fixture
def system(broker_url: str, tmp_path: Path) -> Iterator[System]:
    """A Darkroom for one test, which breaks it."""
    with System(tmp_path, broker_url, LEASE_SECONDS="3") as system:
        yield system


def test_a_killed_worker_loses_no_item(system: System):
    job = system.submit(*[(f"{n}.jpg", photo(3000, 2000)) for n in range(6)])
    wait_until(lambda: system.job(job["id"])["state"] == "running", 30, "the work has begun")
    system.kill("worker")
    system.start_worker()
    finished = system.finished(job["id"], seconds=100)
    assert finished["state"] == "succeeded"
    assert [len(item["outputs"]) for item in finished["items"]] == [7] * 6


def test_the_dispatcher_publishes_what_the_web_could_not(system: System):
    """The web's broker does not exist; the dispatcher's does."""
    system.kill("web")
    real = system.environment["BROKER_URL"]
    system.environment["BROKER_URL"] = "amqp://nobody:nothing@127.0.0.1:1//"
    system.start("web", "gunicorn", "-c", "python:app.gunicorn", "-b", f"127.0.0.1:{system.port}")
    system.environment["BROKER_URL"] = real
    wait_until(system._is_healthy, 60, "the web answers")
    assert system.finished(system.submit(("a.jpg", photo()))["id"])["state"] == "succeeded"


def test_a_message_whose_row_is_gone_does_no_harm(system: System, broker_url: str):
    celery = make_celery(broker_url, time_limit_seconds=60)
    celery.send_task(PROCESS_TASK, args=[str(new_id())], queue=queue_name(Lane.INTERACTIVE))
    assert system.finished(system.submit(("a.jpg", photo()))["id"])["state"] == "succeeded"


def test_a_dead_message_is_kept_where_somebody_can_look(system: System, broker_url: str):
    """One that RabbitMQ gives up, here for its age, where no worker runs."""
    system.kill("worker")
    with Connection(broker_url) as connection, connection.channel() as channel:
        Producer(channel).publish({}, exchange=EXCHANGE.name, routing_key=queue_name(Lane.BULK), expiration=0.05)

        def dead() -> int:
            return int(channel.queue_declare(DEAD_LETTERS.name, passive=True).message_count)

        assert wait_until(dead, 20, "the message is among the dead letters") == 1


def test_the_queues_are_quorum_queues_with_a_limit_and_a_way_out(system: System, broker_url: str):
    """RabbitMQ refuses to declare a queue again with other arguments: declaring it alike proves what it is."""
    with Connection(broker_url) as connection, connection.channel() as channel:
        for lane in Lane:
            arguments = {
                "x-queue-type": "quorum",
                "x-delivery-limit": 20,
                "x-dead-letter-exchange": "",
                "x-dead-letter-routing-key": "darkroom.dead",
            }
            channel.queue_declare(queue_name(lane), durable=True, auto_delete=False, arguments=arguments)
