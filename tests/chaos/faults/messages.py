"""Messages that are lost, and messages that come twice."""

import sqlite3
from contextlib import closing
from random import Random

from kombu.exceptions import OperationalError

from app.broker import PROCESS_TASK, make_celery
from tests.chaos.faults import fault, targets
from tests.chaos.missed import Missed
from tests.chaos.rig import Rig


@fault("purge a queue", alone="broker", lasting=True)
def purge(rig: Rig, random: Random) -> str:
    with targets.full_queue(rig, random, 5) as name:
        return f"{rig.queues.purge(name)} messages of {name}"


@fault("delete a queue", alone="broker", lasting=True)
def delete(rig: Rig, random: Random) -> str:
    """With what is in it, under the workers that consume it.

    They declare it again; where the broker is killed in that second, it comes back dead and the relay replaces it.
    """
    with targets.full_queue(rig, random, 5) as name:
        return f"{name} with {rig.queues.delete(name)} messages"


@fault("publish duplicates", alone="broker")
def duplicate(rig: Rig, random: Random) -> str:
    """Up to 20 messages for items in every state, several for each."""
    rig.load.release(targets.UPLOADS)
    with closing(sqlite3.connect(f"file:{rig.database}?mode=ro", uri=True, timeout=20)) as rows:
        ids = [
            id for state in ("pending", "queued", "running", "succeeded", "failed")
            for (id,) in rows.execute("SELECT id FROM items WHERE state = ? ORDER BY id DESC LIMIT 4", (state,))
        ]  # fmt: skip
    if not ids:
        raise Missed("there is no item yet")
    try:
        _send(rig, random, ids)
    except OperationalError as error:
        raise Missed(f"the broker did not take them: {error}") from None
    return f"of {len(ids)} items"


def _send(rig: Rig, random: Random, ids: list[str]) -> None:
    celery = make_celery(rig.broker.url, item_timeout_seconds=60)
    with celery.connection_for_write() as connection, celery.amqp.Producer(connection) as producer:
        for id in ids:
            for _ in range(random.randint(1, 3)):
                queue = random.choice(("darkroom.interactive", "darkroom.bulk"))
                celery.send_task(PROCESS_TASK, args=[id], queue=queue, producer=producer, retry=False)
