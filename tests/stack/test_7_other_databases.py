"""PostgreSQL and MySQL in containers: the same migrations, the same use cases."""

import datetime as dt
import subprocess
from collections.abc import Iterator
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from app import create_app, items, jobs
from app.database import Base, db
from app.items import Failure
from app.models import JobState, Output
from app.settings import load
from tests.conftest import close_database, environment
from tests.factories import submitted
from tests.waiting import wait_until

DATABASES = {
    "postgres:17": ("postgresql://postgres:test@{}/postgres", 5432, {"POSTGRES_PASSWORD": "test"}),
    "mariadb:11": (
        "mysql://darkroom:test@{}/darkroom",
        3306,
        {
            "MARIADB_ROOT_PASSWORD": "test",
            "MARIADB_DATABASE": "darkroom",
            "MARIADB_USER": "darkroom",
            "MARIADB_PASSWORD": "test",
        },
    ),
}
LEASE = dt.timedelta(seconds=60)


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def answers(url: str) -> bool:
    engine = create_engine(load(environment(Path("/nowhere"), DATABASE_URL=url)).database_url)
    try:
        engine.connect().close()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    url, port, variables = DATABASES[request.param]
    options = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    container = docker("run", "--rm", "-d", *options, "-p", f"127.0.0.1::{port}", request.param)
    try:
        address = docker("port", container, f"{port}/tcp").splitlines()[0]
        wait_until(lambda: answers(url.format(address)), 60, f"{request.param} answers")
        yield url.format(address)
    finally:
        docker("rm", "-f", "-v", container)


def test_migrations_and_the_way_of_a_job(database_url: str, tmp_path: Path):
    app = create_app(load(environment(tmp_path, DATABASE_URL=database_url)))
    with app.app_context():
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        submission = submitted(app.extensions["darkroom"].store, "a.jpg", "b.jpg")
        first, second = (items.claim(waiting.id, "worker", LEASE) for waiting in submission.due)
        assert first
        assert second
        assert items.claim(first.item_id, "another worker", LEASE) is None
        output = Output(
            item_id=first.item_id, position=0, attempt=1, name="320-jpeg", filename="a-320.jpg", sha256="0" * 64,
            media_type="image/jpeg", bytes=1, width=1, height=1,
        )  # fmt: skip
        facts = {"media_type": "image/jpeg", "width": 1, "height": 1, "frames": 1}
        assert items.succeed(first, facts, [output], {"dominant_color": "#000000"})
        assert items.fail(second, Failure("damaged-file", "b.jpg: it is cut off"))
        job = jobs.get(submission.job.id)
        assert job.state == JobState.PARTIAL
        assert job.created_at.tzinfo
        assert job.items[0].data == {"dominant_color": "#000000"}
        assert app.test_client().get(f"/jobs/{submission.job.id}").status_code == 200
        db.session.remove()
        flask_migrate.downgrade(revision="base")
    close_database(app)
