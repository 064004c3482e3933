"""What most tests need: an app on a database and a store of its own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.database import db
from app.services import Services
from app.settings import Settings, load
from app.storage import Store
from tests import rabbitmq

NO_BROKER = "amqp://nobody:nothing@127.0.0.1:1//"


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a Darkroom whose data are all in `folder`."""
    return {
        "SECRET_KEY": "0123456789abcdef0123456789abcdef",
        "DATABASE_URL": f"sqlite:///{folder}/darkroom.db",
        "MEDIA_ROOT": str(folder / "media"),
        "BROKER_URL": NO_BROKER,
        **more,
    }


def close_database(app: Flask) -> None:
    with app.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database at the newest migration, to be copied."""
    folder = tmp_path_factory.mktemp("database")
    app = create_app(load(environment(folder)))
    with app.app_context():
        flask_migrate.upgrade()
    close_database(app)  # the last connection moves the write-ahead log into the file
    return folder / "darkroom.db"


@pytest.fixture
def make_settings(tmp_path: Path, migrated_database: Path) -> Callable[..., Settings]:
    def make(**more: str) -> Settings:
        if not (tmp_path / "darkroom.db").exists():
            shutil.copy(migrated_database, tmp_path)
        return load(environment(tmp_path, **more))

    return make


@pytest.fixture
def app(make_settings: Callable[..., Settings]) -> Iterator[Flask]:
    """An app whose broker can not be reached."""
    app = create_app(make_settings())
    yield app
    close_database(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def context(app: Flask) -> Iterator[Flask]:
    """`app`, inside its context: for tests of use cases."""
    with app.app_context():
        yield app


@pytest.fixture
def store(app: Flask) -> Store:
    services: Services = app.extensions["darkroom"]
    return services.store


@pytest.fixture(scope="session")
def broker_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A real RabbitMQ; the terminal is told which."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def say(what: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\nRabbitMQ of the tests: {what}")

    with rabbitmq.found(say) as url:
        yield url
