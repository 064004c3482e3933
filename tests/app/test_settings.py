import subprocess
import sys
from pathlib import Path

import pytest

from app.errors import SettingsError
from app.settings import PROJECT_ROOT, load, reference

GOOD = {"SECRET_KEY": "0123456789abcdef0123456789abcdef", "BROKER_URL": "amqp://host//"}


def test_the_reference_in_docs_is_fresh():
    assert (PROJECT_ROOT / "docs/settings.md").read_text(encoding="utf-8") == reference(), "run `make docs`"


def test_defaults_are_complete_but_for_the_secret_and_the_broker():
    settings = load(GOOD)
    assert settings.database_url == f"sqlite:///{PROJECT_ROOT}/var/darkroom.db"
    assert settings.media_root == PROJECT_ROOT / "media"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is not set"),
        ("SECRET_KEY", "short", "at least 32 characters"),
        ("SECRET_KEY", "changeme-changeme-changeme-changeme", "still a placeholder"),
        ("FLOWER_PASSWORD", "changeme", "FLOWER_PASSWORD is still a placeholder"),
        ("MAX_PIXELS", "many", "MAX_PIXELS: input should be a valid integer"),
        ("MAX_PIXELS", "0", "MAX_PIXELS: input should be greater than or equal to 1"),
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: input should be 'DEBUG'"),
        ("BROKER_URL", "", "BROKER_URL is not set, nor MESSAGE_BROKER_HOST"),
        ("DATABASE_URL", "sqlite://", "DATABASE_URL names no file"),
        ("DATABASE_URL", "oracle://host/name", "DATABASE_URL begins with 'oracle'"),
        ("DATABASE_URL", "postgresql+asyncpg://host/name", "DATABASE_URL begins with 'postgresql+asyncpg'"),
        ("DATABASE_URL", "postgresql://u:changeme@host/name", "DATABASE_URL is still a placeholder"),
        ("BROKER_URL", "ampq://host//", "BROKER_URL begins with 'ampq'; write amqp://"),
        ("BROKER_URL", "amqp://u:changeme@host//", "BROKER_URL is still a placeholder"),
        ("DATABASE_URL", "what is this", "DATABASE_URL is not a database URL"),
        ("MESSAGE_BROKER_HOST", "rabbitmq", "which is not host:port"),
    ],
)
def test_each_fault_is_a_sentence(name: str, value: str, sentence: str):
    with pytest.raises(SettingsError) as error:
        load(GOOD | {name: value})
    assert sentence in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_all_faults_are_told_at_once():
    with pytest.raises(SettingsError) as error:
        load(GOOD | {"MAX_PIXELS": "x", "LEASE_SECONDS": "1"})
    assert len(str(error.value).splitlines()) == 2


def test_a_secret_never_stands_in_an_error():
    with pytest.raises(SettingsError) as error:
        load(GOOD | {"SECRET_KEY": "hunter2"})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "mapped"),
    [
        ("postgresql://u:p@db/name", "postgresql+psycopg://u:p@db/name"),
        ("postgres://u:p@db/name", "postgresql+psycopg://u:p@db/name"),
        ("mysql://u:p@db/name", "mysql+pymysql://u:p@db/name"),
        ("sqlite:////data/x.db", "sqlite:////data/x.db"),
    ],
)
def test_database_urls_are_mapped_to_a_driver(url: str, mapped: str):
    assert load(GOOD | {"DATABASE_URL": url}).database_url == mapped


def test_the_broker_comes_from_rabbitmqs_own_variables():
    settings = load(
        {
            "SECRET_KEY": GOOD["SECRET_KEY"],
            "MESSAGE_BROKER_HOST": "rabbitmq:5672",
            "RABBITMQ_DEFAULT_USER": "me",
            "RABBITMQ_DEFAULT_PASS": "p@ss/word",
        }
    )
    assert settings.broker == "amqp://me:p%40ss%2Fword@rabbitmq:5672//"


def test_broker_url_comes_first():
    assert load(GOOD | {"MESSAGE_BROKER_HOST": "rabbitmq:5672"}).broker == "amqp://host//"


def test_rabbitmq_needs_its_password():
    with pytest.raises(SettingsError, match="RABBITMQ_DEFAULT_PASS is not set"):
        load({"SECRET_KEY": GOOD["SECRET_KEY"], "MESSAGE_BROKER_HOST": "rabbitmq:5672"})


def test_any_value_may_stand_in_a_file(tmp_path: Path):
    secret, pixels = tmp_path / "secret", tmp_path / "pixels"
    secret.write_text("fedcba9876543210fedcba9876543210\n")
    pixels.write_text("5000")
    settings = load({"SECRET_KEY_FILE": str(secret), "MAX_PIXELS_FILE": str(pixels), "BROKER_URL": "amqp://host//"})
    assert (settings.secret_key, settings.max_pixels) == ("fedcba9876543210fedcba9876543210", 5000)


def test_a_value_and_its_file_together_are_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="SECRET_KEY and SECRET_KEY_FILE are both set"):
        load(GOOD | {"SECRET_KEY_FILE": str(tmp_path / "x")})


def test_a_file_that_is_not_text_is_named(tmp_path: Path):
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"SECRET_KEY_FILE names .*, which can not be read: it is not UTF-8 text"):
        load({"BROKER_URL": "amqp://host//", "SECRET_KEY_FILE": str(tmp_path / "secret")})


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(SettingsError, match=f"MAX_PIXELS_FILE names {tmp_path}/none, which can not be read"):
        load(GOOD | {"MAX_PIXELS_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("module", ["tasks.dispatcher", "tasks.worker"])
def test_a_process_with_a_faulty_setting_does_not_start(module: str):
    process = subprocess.run(
        [sys.executable, "-m", module], env=GOOD | {"SECRET_KEY": "short"}, capture_output=True, text=True, check=False
    )
    assert process.returncode != 0
    assert "SECRET_KEY: string should have at least 32 characters" in process.stderr
    assert "Traceback" not in process.stderr
