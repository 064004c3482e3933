"""What `flask doctor` says of a real RabbitMQ."""

from collections.abc import Callable

import pytest
from flask import Flask
from kombu import Connection, Producer

from app import create_app, doctor
from app.broker import DEAD_LETTERS, queue_name
from app.doctor import BAD, OK
from app.models import Lane, ProcessKind
from app.settings import Settings
from tests.app.test_waiting import see
from tests.conftest import close_database
from tests.integration.test_dispatchers import declare_queues
from tests.system import remove_queues


@pytest.fixture
def broker(make_settings: Callable[..., Settings], broker_url: str):
    """The verdicts and sentences about the broker, of an app whose other parts all work."""
    remove_queues(broker_url)
    app: Flask = create_app(make_settings(BROKER_URL=broker_url))

    def examine() -> list[tuple[str, str]]:
        found = doctor.examine(app.extensions["darkroom"])
        assert {finding.verdict for finding in found if finding.part != "broker"} == {OK}
        return [(finding.verdict, finding.sentence) for finding in found if finding.part == "broker"]

    with app.app_context():
        see(ProcessKind.WORKER)
        see(ProcessKind.DISPATCHER)
        yield examine
    close_database(app)
    remove_queues(broker_url)


def test_queues_that_are_not_there_are_told(broker):
    answers, *queues = broker()
    assert answers == (OK, "takes messages and gives them back.")
    assert [verdict for verdict, _ in queues] == [BAD, BAD]
    for lane, (_, sentence) in zip(Lane, queues, strict=True):
        assert sentence.startswith(f"the queue {queue_name(lane)} is not there")


def test_queues_that_are_there_are_well(broker, broker_url: str):
    declare_queues(broker_url)
    assert {verdict for verdict, _ in broker()} == {OK}


def test_dead_letters_need_a_person(broker, broker_url: str):
    declare_queues(broker_url)
    with Connection(broker_url) as connection, connection.channel() as channel:
        DEAD_LETTERS(channel).declare()
        assert {verdict for verdict, _ in broker()} == {OK}, "an empty one is well"
        Producer(channel).publish({}, exchange="", routing_key=DEAD_LETTERS.name)
    [sentence] = [sentence for verdict, sentence in broker() if verdict == BAD]
    assert sentence.startswith("1 messages in darkroom.dead were given up")
