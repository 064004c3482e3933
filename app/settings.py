"""Every setting: its name in the environment, type, default, bounds and meaning.

`load(os.environ)` gives a `Settings` or raises `SettingsError` with one sentence per fault. The value of any NAME can
instead stand in a file that NAME_FILE names (Docker secrets). An empty value counts as unset.
`make docs` writes the reference, docs/settings.md, from here.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.errors import SettingsError

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_DRIVERS = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
_BROKERS = ("amqp", "amqps", "redis", "rediss", "redis+socket")
_PLACEHOLDERS = ("changeme", "change-me", "change_me", "placeholder", "example", "your-", "secret-key", "insecure")


def _database_url(value: str) -> str:
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError("is not a database URL; write sqlite:///path, postgresql://… or mysql://…") from None
    driver = url.drivername if url.drivername in _DRIVERS.values() else _DRIVERS.get(url.drivername)
    if driver is None:
        raise ValueError(f"begins with {url.drivername!r}; write sqlite://, postgresql:// or mysql://")
    _not_placeholder(url.password or "")
    url = url.set(drivername=driver)
    return (_sqlite_file(url) if driver == "sqlite" else url).render_as_string(hide_password=False)


def _broker_url(value: str) -> str:
    scheme = value.partition("://")[0]
    if value and scheme not in _BROKERS:
        raise ValueError(f"begins with {scheme[:20]!r}; write amqp://user:password@host:5672//")
    _not_placeholder(urlsplit(value).password or "")
    return value


def _sqlite_file(url: URL) -> URL:
    if url.database in (None, "", ":memory:"):
        raise ValueError("names no file; the processes share one SQLite file, so write sqlite:///path")
    return url.set(database=str(PROJECT_ROOT / str(url.database)))


def _not_placeholder(value: str) -> str:
    if any(word in value.lower() for word in _PLACEHOLDERS):
        raise ValueError("is still a placeholder; delete it from .env, and `make env` writes a random one there")
    return value


def _host_and_port(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not (separator and host and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"is {value!r}, which is not host:port; write for example rabbitmq:5672")
    return value


def _in_project(value: Path) -> Path:
    return PROJECT_ROOT / value


Secret = Annotated[str, AfterValidator(_not_placeholder)]
ProjectPath = Annotated[Path, AfterValidator(_in_project)]


class Settings(BaseModel):
    """The configuration of one process; made once, at start, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    secret_key: Secret = Field(min_length=32, description="Flask's secret key; at least 32 characters.")
    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        default="sqlite:///var/darkroom.db",
        validate_default=True,
        description="The database that holds every job: `sqlite:///relative/path`, `sqlite:////absolute/path`, "
        "`postgresql://user:password@host/name` or `mysql://user:password@host/name`.",
    )
    broker_url: Annotated[str, AfterValidator(_broker_url)] = Field(
        default="",
        description="The message broker, for example `amqp://user:password@host:5672//`. Comes before "
        "`MESSAGE_BROKER_HOST`.",
    )
    message_broker_host: Annotated[str, AfterValidator(_host_and_port)] | None = Field(
        default=None, description="host:port of RabbitMQ, where `BROKER_URL` is not set."
    )
    rabbitmq_default_user: str = Field(default="darkroom", description="User for `MESSAGE_BROKER_HOST`.")
    rabbitmq_default_pass: Secret = Field(
        default="",
        description="Password for `MESSAGE_BROKER_HOST`. With Docker"
        " it stands in .env itself: RabbitMQ's container reads it there.",
    )
    media_root: ProjectPath = Field(
        default=Path("media"), validate_default=True, description="Folder of the originals and the results."
    )
    font_dir: ProjectPath = Field(
        default=Path("/usr/share/fonts"),
        description="Folder that is searched, with all below it, for the fonts of watermarks and captions that Darkroom"
        " does not bring itself (docs/fonts.md); read when a worker starts.",
    )
    max_upload_bytes: int = Field(
        default=1_000_000_000,
        ge=1024,
        description="Largest request body accepted: all files of one job together, in bytes.",
    )
    max_job_files: int = Field(default=1000, ge=1, le=100_000, description="Most files accepted in one job.")
    upload_silence_seconds: int = Field(
        default=30, ge=1, le=3600, description="An upload from which nothing comes for so long is given up, in seconds."
    )
    max_pending_items: int = Field(
        default=100_000,
        ge=1,
        description="Most items that may wait for a worker; beyond, new jobs are answered 503 with Retry-After.",
    )
    min_free_bytes: int = Field(
        default=500_000_000,
        ge=0,
        description="Room on the disk of the media store that uploads leave free; below, they are answered 507.",
    )
    max_pixels: int = Field(
        default=100_000_000,
        ge=1,
        description="Largest image decoded, in pixels (width × height), read from its header; of an animation that is"
        " kept animated, all frames together.",
    )
    max_frames: int = Field(
        default=500,
        ge=1,
        le=999,
        description="Longest animation that is kept animated, in frames; beyond, it is refused.",
    )
    max_pages: int = Field(
        default=100,
        ge=1,
        le=999,
        description="Most pages of a TIFF or PDF of which something is made, whatever its recipe says; of those behind"
        " them, nothing is.",
    )
    max_attempts: int = Field(
        default=3,
        ge=1,
        le=100,
        description="Attempts at an item that may end without an answer (its worker killed or lost, out of time or"
        " memory, an error of ours) before it is quarantined.",
    )
    max_retries: int = Field(
        default=100, ge=0, le=10_000, description="How often an item is tried again that meets trouble of the machine."
    )
    retry_for_seconds: int = Field(
        default=86_400, ge=0, le=2_592_000, description="For how long it is tried again, from the first trouble on."
    )
    lease_seconds: int = Field(
        default=60, ge=3, le=3600, description="How long a worker that says nothing keeps its item, in seconds."
    )
    item_timeout_seconds: int = Field(
        default=600, ge=1, le=1200, description="Longest time one attempt may take before it is killed, in seconds."
    )
    shutdown_seconds: int = Field(
        default=20,
        ge=0,
        le=1500,
        description="How long a worker that is told to end goes on with what it has begun, before it hands it back,"
        " in seconds. With Docker, `stop_grace_period` must be 40 s longer.",
    )
    worker_concurrency: int | None = Field(
        default=None, ge=1, le=512, description="Processes of one worker. Default: the number of cores."
    )
    web_workers: int = Field(default=2, ge=1, le=64, description="Processes of the web server.")
    web_threads: int = Field(
        default=8,
        ge=1,
        le=256,
        description="Threads of each web process; half of them may wait for the end of a job (`Prefer: wait`).",
    )
    flower_user: str = Field(default="admin", description="User of the Flower dashboard.")
    flower_password: Secret = Field(
        default="", description="Password of the Flower dashboard; without one it refuses to start."
    )
    flower_broker_api: str = Field(
        default="", description="RabbitMQ's management API for Flower: `http://user:password@host:15672/api/`."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="What is logged.")
    heartbeat_file: Path | None = Field(
        default=None,
        description="File that a worker or dispatcher touches while it does its work; health checks read its age.",
    )

    @model_validator(mode="after")
    def _has_broker(self) -> Self:
        if not self.broker_url and not self.message_broker_host:
            raise ValueError("BROKER_URL is not set, nor MESSAGE_BROKER_HOST; name the broker in one of them.")
        if not self.broker_url and not self.rabbitmq_default_pass:
            raise ValueError("RABBITMQ_DEFAULT_PASS is not set, and MESSAGE_BROKER_HOST needs it.")
        return self

    @property
    def broker(self) -> str:
        """The broker's URL, from BROKER_URL or else from MESSAGE_BROKER_HOST and RabbitMQ's user and password."""
        if self.broker_url:
            return self.broker_url
        user, password = quote(self.rabbitmq_default_user, safe=""), quote(self.rabbitmq_default_pass, safe="")
        return f"amqp://{user}:{password}@{self.message_broker_host}//"


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings from `environ`; SettingsError has one sentence for each fault."""
    values: dict[str, str] = {}
    faults: list[str] = []
    for field in Settings.model_fields:
        try:
            value = _read(environ, field.upper())
        except ValueError as fault:
            faults.append(str(fault))
        else:
            if value:
                values[field] = value
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        faults.extend(_sentence(fault) for fault in error.errors())
    if faults:
        raise SettingsError("\n".join(faults))
    return settings


def load_or_exit(environ: Mapping[str, str]) -> Settings:
    """What a process does first: the settings, or its end with the sentences and no traceback."""
    try:
        return load(environ)
    except SettingsError as error:
        raise SystemExit(f"Darkroom does not start, because of its settings:\n{error}") from None


def _read(environ: Mapping[str, str], name: str) -> str | None:
    direct, file = environ.get(name), environ.get(f"{name}_FILE")
    if not file:
        return direct
    if direct:
        raise ValueError(f"{name} and {name}_FILE are both set; keep one of them.")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"{name}_FILE names {file}, which can not be read: {reason}.") from None


def _sentence(fault: Any) -> str:
    message = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return str(message)
    name = str(fault["loc"][0]).upper()
    if fault["type"] == "missing":
        return f"{name} is not set; `make env` writes it into .env."
    if fault["type"] == "value_error":
        return f"{name} {message}."
    return f"{name}: {message[0].lower()}{message[1:]}."


def reference() -> str:
    """The page docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "<!-- Generated by `make docs` from app/settings.py; do not edit. -->",
        "",
        "Each is an environment variable; with Docker and without, `.env` is read. The value of any `NAME` can instead",
        "stand in a file that `NAME_FILE` names. A wrong value stops the process at its start, with a sentence.",
        "",
        "| name | default | bounds | meaning |",
        "| --- | --- | --- | --- |",
    ]
    properties = Settings.model_json_schema()["properties"]
    for field, info in Settings.model_fields.items():
        default = "required" if info.is_required() else _show(Settings.__pydantic_fields__[field].default)
        lines.append(f"| `{field.upper()}` | {default} | {_bounds(properties[field])} | {info.description} |")
    return "\n".join(lines) + "\n"


def _show(default: object) -> str:
    return "" if default in (None, "") else f"`{default}`"


def _bounds(schema: dict[str, Any]) -> str:
    schema = next((option for option in schema.get("anyOf", []) if option.get("type") != "null"), schema)
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None:
        return f"≥ {schema['minLength']} characters" if "minLength" in schema else ""
    return f"≥ {low}" if high is None else f"{low}–{high}"
