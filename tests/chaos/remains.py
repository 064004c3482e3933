"""A small database and store as a run leaves them, made by the real processor, to plant faults in."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app import create_app, jobs
from app.imaging.limits import Limits
from app.services import Services
from app.settings import load
from tasks.download import Download
from tasks.process import Processor
from tests.chaos.checker import Finding, check
from tests.chaos.ledger import ACCEPTED, Ledger
from tests.conftest import close_database, environment
from tests.factories import LEASE, PATIENCE, photo, received

GOOD = {"a.jpg": photo(90, 60), "b.png": photo(40, 70, "PNG"), "c.webp": photo(50, 50, "WEBP")}
MIXED = {"d.jpg": photo(30, 20), "bad.jpg": photo(90, 90)[:400]}


@dataclass(frozen=True)
class Remains:
    """Two jobs that have ended: `jobs[0]` of good photos, `jobs[1]` of a good photo and a bad file."""

    folder: Path
    jobs: tuple[str, ...]

    @property
    def media(self) -> Path:
        return self.folder / "media"

    def findings(self) -> list[Finding]:
        return check(self.folder / "darkroom.db", self.media, self.folder / "ledger.jsonl")

    def copy(self, folder: Path) -> "Remains":
        shutil.copytree(self.folder, folder)
        return Remains(folder, self.jobs)

    def sql(self, statement: str, *values: object) -> None:
        """Change rows; foreign keys and check constraints do not stop it."""
        with closing(sqlite3.connect(self.folder / "darkroom.db")) as rows, rows:
            rows.execute("PRAGMA ignore_check_constraints=ON")
            assert rows.execute(statement, values).rowcount, f"nothing was planted: {statement}"

    def value(self, query: str) -> str:
        with closing(sqlite3.connect(self.folder / "darkroom.db")) as rows:
            return str(rows.execute(query).fetchone()[0])

    def file(self, sha256: str) -> Path:
        return self.media / "objects" / sha256[:2] / sha256

    def promise(self, what: str, job: str, **more: object) -> None:
        with closing(Ledger(self.folder / "ledger.jsonl")) as ledger:
            ledger.write(what, job, **more)


def make(folder: Path, migrated_database: Path) -> Remains:
    shutil.copy(migrated_database, folder)
    app = create_app(load(environment(folder)))
    services: Services = app.extensions["darkroom"]
    processor = Processor(
        store=services.store, limits=Limits(10_000, 100), patience=PATIENCE, lease=LEASE, timeout_seconds=60,
        stop_at=lambda: float("inf"), download=Download(services.outgoing, 10**9, lambda _: None),
    )  # fmt: skip
    accepted = {}
    with app.app_context():
        for files in (GOOD, MIXED):
            stored = [received(services.store, name, content) for name, content in files.items()]
            submission = jobs.submit(stored, services.store.has)
            accepted[str(submission.job.id)] = [
                {"name": file.name, "sha256": file.stored.sha256, "good": file.name != "bad.jpg"} for file in stored
            ]
            for due in submission.due:
                processor.process(due.id, "worker")
    close_database(app)
    remains = Remains(folder, tuple(accepted))
    for job, items in accepted.items():
        remains.promise(ACCEPTED, job, items=items)
    return remains
