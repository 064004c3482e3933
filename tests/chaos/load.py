"""The clients: they send jobs, try again where they are refused, and write down what was accepted."""

import hashlib
import random
import threading
import time
from collections import Counter

import httpx

from tests.chaos.ledger import ACCEPTED, Ledger
from tests.chaos.photos import Photo, Photos

CLIENTS = 3
_SIZES = (1, 1, 1, 1, 2, 3, 5, 8, 20, 60, 200)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BACK_OFF_SECONDS, _BACK_OFF_AT_MOST = 0.1, 2.0


class Load:
    """`items` are sent in all, but no more than were released so far. Iterating over it is left to the threads."""

    def __init__(self, url: str, items: int, seed: str, ledger: Ledger) -> None:
        self._url, self._items, self._ledger = url, items, ledger
        self._photos, self._random = Photos(seed), random.Random(f"{seed} load")
        self._released = self._taken = 0
        self._change = threading.Condition()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._client, name=f"client{n}") for n in range(CLIENTS)]
        self.jobs: list[str] = []
        """The ids of the accepted jobs, the oldest first."""
        self.accepted = 0
        self.answers: Counter[str] = Counter()
        """How often each answer was given: a status, or what became of the connection."""

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def release(self, items: int) -> None:
        """Let so many more items be sent, at most what is left of them."""
        with self._change:
            self._released = min(self._released + items, self._items)
            self._change.notify_all()

    @property
    def unreleased(self) -> int:
        return self._items - self._released

    def finish(self, seconds: float) -> bool:
        """Release the rest and wait for the clients; False where they were not done in time."""
        self.release(self._items)
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        done = not any(thread.is_alive() for thread in self._threads)
        self.stop()
        return done

    def stop(self) -> None:
        self._ended.set()
        with self._change:
            self._change.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def _client(self) -> None:
        with httpx.Client(base_url=self._url, timeout=30) as http:
            while job := self._next_job():
                photos, fields = job
                wait = _BACK_OFF_SECONDS
                while not self._send(http, photos, fields) and not self._ended.wait(wait):
                    wait = min(wait * 2, _BACK_OFF_AT_MOST)

    def _next_job(self) -> tuple[list[Photo], dict[str, str]] | None:
        """As many photos as the seed says and are released, and the other fields; None: all are taken."""
        with self._change:
            while self._released == self._taken < self._items and not self._ended.is_set():
                self._change.wait()
            size = min(self._random.choice(_SIZES), self._released - self._taken)
            if not size or self._ended.is_set():
                return None
            self._taken += size
            lane = self._random.choice(({}, {}, {"lane": "interactive"}, {"lane": "bulk"}))
            recipe = self._random.choice(({}, {}, {}, {"recipe": "contact-sheet"}))
            return [self._photos.next() for _ in range(size)], lane | recipe

    def _send(self, http: httpx.Client, photos: list[Photo], fields: dict[str, str]) -> bool:
        """Whether the job was accepted. Where that is not known it counts as not, and is sent once more."""
        try:
            response = http.post(
                "/api/v1/jobs",
                data=fields,
                files=[("file", (photo.name, photo.content)) for photo in photos],
            )
        except _NEVER_SENT:
            self._count("no connection")
            return False
        except httpx.TransportError:
            self._count("no answer")
            return False
        self._count(str(response.status_code))
        if response.status_code != 202:
            return False
        job = response.json()["id"]
        items = [
            {"name": photo.name, "sha256": hashlib.sha256(photo.content).hexdigest(), "good": photo.good}
            for photo in photos
        ]
        self._ledger.write(ACCEPTED, job, items=items)
        with self._change:
            self.jobs.append(job)
            self.accepted += len(photos)
        return True

    def _count(self, answer: str) -> None:
        with self._change:
            self.answers[answer] += 1
