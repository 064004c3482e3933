"""What was promised to the clients: one JSON line for each answer that counts. The checker's input."""

import json
import threading
from pathlib import Path
from typing import Any

ACCEPTED, DELETING, DELETED = "accepted", "deleting", "deleted"


class Ledger:
    """Written by many threads. A line is on the disk before the promise is used for anything."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def write(self, what: str, job: str, **more: Any) -> None:
        with self._lock:
            self._file.write(json.dumps({"what": what, "job": job, **more}) + "\n")
            self._file.flush()

    def close(self) -> None:
        self._file.close()
