"""The database: two engines, one rule.

`db.session` reads. `transaction()` writes: a short transaction that commits at the end of its `with` block. On SQLite
the writes begin with BEGIN IMMEDIATE (no lost update, no upgrade from a read lock that fails), the reads with a plain
BEGIN on an engine of their own that can not write, so that a slow page never holds the write lock. Elsewhere both use
one engine.
"""

import datetime as dt
import enum
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, DateTime, Dialect, Engine, Enum, MetaData, event, make_url, text
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from app.settings import PROJECT_ROOT

BUSY_TIMEOUT_SECONDS = 20
QUIET: dict[str, Any] = {"hide_parameters": True}
"""For every engine: errors stand in logs, and the values of a statement may be secrets."""

Value = TypeVar("Value")


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware datetime, kept as UTC with microseconds; a naive one is refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DATETIME(fsp=6) if dialect.name == "mysql" else DateTime())

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        return None if value is None else value.replace(tzinfo=dt.UTC)


def one_of(values: type[enum.StrEnum], name: str) -> Enum:
    """The type of a column that holds one of these values, as text; a constraint of this name refuses any other."""
    return Enum(
        values, native_enum=False, length=16, create_constraint=True, name=name,
        values_callable=lambda members: [member.value for member in members],
    )  # fmt: skip


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dt.datetime: UtcDateTime}  # noqa: RUF012 - SQLAlchemy's declarative option


class _ReadingSession(FlaskSession):
    def get_bind(self, *args: Any, **kwargs: Any) -> Engine:
        return db.engines.get("read", db.engine)


db = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True, session_options={"class_": _ReadingSession})
migrate = Migrate(directory=str(PROJECT_ROOT / "migrations"))


def init_database(app: Flask, url: str) -> None:
    """Give `app` its engines for `url` and the `flask db` commands."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    location = make_url(url)
    if location.get_backend_name() == "sqlite":
        Path(str(location.database)).parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}}
        app.config["SQLALCHEMY_BINDS"] = {"read": {"url": url, **options, **QUIET}}
    else:
        # PostgreSQL's default, and not MySQL's: a conditional UPDATE is to see what was committed a moment ago.
        options = {"pool_pre_ping": True, "isolation_level": "READ COMMITTED"}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options | QUIET
    db.init_app(app)
    migrate.init_app(app, db, render_as_batch=True, compare_type=True)
    with app.app_context():
        for key, engine in db.engines.items():
            if engine.dialect.name == "sqlite":
                _set_up_sqlite(engine, begin="BEGIN" if key == "read" else "BEGIN IMMEDIATE", read_only=key == "read")


def _set_up_sqlite(engine: Engine, *, begin: str, read_only: bool) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's `begin` event below begins, not the driver
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # accepted means kept, even when the power goes
        connection.execute("PRAGMA foreign_keys=ON")
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)


@contextmanager
def transaction() -> Iterator[Session]:
    """A session whose changes are committed at the end of the block, or rolled back on an exception.

    It has begun when the block begins: on SQLite the write lock is held, and a time that is read then is not older.
    """
    with Session(db.engine, expire_on_commit=False) as session, session.begin():
        session.connection()
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """A session that reads what is committed when it begins, beside `db.session`, whose moment may be an older one."""
    with Session(db.engines.get("read", db.engine), expire_on_commit=False) as session:
        yield session


def end_reading() -> None:
    """Give back the connection of `db.session`; what is read with it afterwards is what is committed then."""
    db.session.remove()


def batches(values: Iterable[Value], size: int = 500) -> Iterator[list[Value]]:
    """All values, as many at a time as one statement may name: databases have limits."""
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch


def ping() -> None:
    """Ask the database for something of ours; raises SQLAlchemyError where it does not answer."""
    db.session.execute(text("SELECT count(*) FROM (SELECT 1 FROM jobs LIMIT 1) AS one"))


def dispose_after_fork() -> None:
    """Forget the connections inherited from the parent process, without closing them there."""
    for engine in db.engines.values():
        engine.dispose(close=False)


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
