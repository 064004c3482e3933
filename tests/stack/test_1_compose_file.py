"""What the compose files say, read as text: no engine is asked but for the last one."""

import yaml

from app.settings import Settings
from tests.stack.stack import APP_SERVICES, ROOT, Stack, docker

FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text())


def test_no_version_no_container_name_no_latest():
    assert "version" not in COMPOSE
    for name, service in COMPOSE["services"].items():
        assert "container_name" not in service, name
        assert ":" in service["image"], f"{name} has no tag, which means latest"
        assert not service["image"].endswith(":latest"), name


def test_every_lasting_service_has_a_check_a_policy_and_time_to_stop():
    for name, service in COMPOSE["services"].items():
        if name != "migrate":
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name
        assert service["init"], name
    shutdown = Settings.model_fields["shutdown_seconds"].default
    assert int(COMPOSE["services"]["worker"]["stop_grace_period"].rstrip("s")) >= shutdown + 30


def test_the_app_services_are_one_image():
    images = {COMPOSE["services"][name]["image"] for name in (*APP_SERVICES, "migrate")}
    assert images == {"${COMPOSE_PROJECT_NAME}:local"}


def test_without_secrets_compose_says_what_to_do(engine, tmp_path):
    (tmp_path / FILE.name).write_bytes(FILE.read_bytes())
    done = docker("compose", "up", "-d", check=False, cwd=tmp_path)
    assert done.returncode
    assert "RABBITMQ_DEFAULT_PASS" in done.stderr
    assert "make env" in done.stderr


def test_the_development_files_are_valid(stack: Stack):
    dev = stack.compose("-f", "docker-compose.yml", "-f", "docker-compose.dev.yml", "config").stdout
    services = yaml.safe_load(dev)["services"]
    for name in APP_SERVICES:
        mounts = [mount for mount in services[name]["volumes"] if mount["type"] == "bind"]
        assert mounts, name
        assert all(mount["read_only"] for mount in mounts), name
