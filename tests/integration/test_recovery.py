"""What a real broker and real processes do with messages that are lost, dead, or mean nothing any more."""

from collections.abc import Iterator

import pytest
from kombu import Connection, Producer

from app.broker import DEAD_LETTERS, EXCHANGE, PROCESS_TASK, make_celery, queue_name
from app.ids import new_id
from app.models import Lane
from tests.conftest import NO_BROKER
from tests.factories import photo
from tests.system import System
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def system(broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A Darkroom for the tests of this file; each leaves it as it was."""
    with System(tmp_path_factory.mktemp("system"), broker_url) as running:
        yield running


def test_a_message_whose_row_is_gone_does_no_harm(system: System, broker_url: str):
    celery = make_celery(broker_url, item_timeout_seconds=60)
    celery.send_task(PROCESS_TASK, args=[str(new_id())], queue=queue_name(Lane.INTERACTIVE))
    assert system.finished(system.submit(("a.jpg", photo()))["id"])["state"] == "succeeded"


def test_a_message_that_comes_twice_is_worked_on_once(system: System, broker_url: str):
    celery = make_celery(broker_url, item_timeout_seconds=60)
    job = system.submit(("a.jpg", photo()))
    for _ in range(2):
        for _ in range(5):
            celery.send_task(PROCESS_TASK, args=[job["items"][0]["id"]], queue=queue_name(Lane.INTERACTIVE))
        [item] = system.finished(job["id"])["items"]
        assert (item["state"], item["attempt"]) == ("succeeded", 1)


def test_the_dispatcher_publishes_what_the_web_could_not(system: System):
    """The web's broker does not exist; the dispatcher's does."""
    system.kill("web")
    system.start("web", BROKER_URL=NO_BROKER)
    system.wait_for("web")
    try:
        assert system.finished(system.submit(("a.jpg", photo()))["id"])["state"] == "succeeded"
    finally:
        system.kill("web")
        system.start("web")
        system.wait_for("web")


def test_a_dead_message_is_kept_where_somebody_can_look(system: System, broker_url: str):
    """One that RabbitMQ gives up, here for its age, where no worker runs."""
    system.kill("worker")
    try:
        with Connection(broker_url) as connection, connection.channel() as channel:
            Producer(channel).publish({}, exchange=EXCHANGE.name, routing_key=queue_name(Lane.BULK), expiration=0.05)

            def dead() -> int:
                return int(channel.queue_declare(DEAD_LETTERS.name, passive=True).message_count)

            assert wait_until(dead, 20, "the message is among the dead letters") == 1
    finally:
        system.start("worker")
        system.wait_for("worker")


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
