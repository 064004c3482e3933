"""The running services: healthy, without rights, and closed to strangers."""

import pytest

from tests.stack.stack import APP_SERVICES, SERVICES, Login, docker


def test_each_service_is_healthy_and_migrate_has_ended(stack):
    assert stack.health() == dict.fromkeys(SERVICES, "healthy")
    ended = stack.compose("ps", "-a", "--format", "{{.ExitCode}}", "migrate").stdout.split()
    assert ended == ["0"]


@pytest.mark.parametrize("service", SERVICES)
def test_no_process_is_root(stack, service):
    for container in stack.containers(service):
        users = docker("top", container["Id"], "-eo", "uid,pid,args").stdout.splitlines()[1:]
        assert len(users) > 1
        assert not [line for line in users if line.split()[0] in ("0", "root")]


@pytest.mark.parametrize("service", APP_SERVICES)
def test_a_service_can_write_its_data_and_not_its_code(stack, service):
    for place in ("app", "tasks", "/opt/venv/bin", "/usr/local/bin", "."):
        assert stack.shell(service, f"touch {place}/new", check=False).returncode, place
    assert stack.shell(service, "echo >> app/__init__.py", check=False).returncode
    stack.shell(service, "for place in var media /tmp; do touch $place/new && rm $place/new; done")


@pytest.mark.parametrize("service", APP_SERVICES)
def test_a_service_has_no_capability_and_gains_none(stack, service):
    status = stack.shell(service, "cat /proc/self/status").stdout
    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


def test_only_three_ports_are_published_and_only_on_this_machine(stack):
    published = [
        (host["HostIp"], host["HostPort"])
        for container in stack.containers()
        for hosts in container["NetworkSettings"]["Ports"].values()
        for host in hosts or []
    ]
    names = ("WEB_PORT", "FLOWER_PORT", "RABBITMQ_MANAGEMENT_PORT")
    assert sorted(published) == sorted(("127.0.0.1", stack.env[name]) for name in names)


@pytest.mark.parametrize("path", ["/", "/workers", "/api/workers", "/api/queues/length"])
def test_flower_asks_for_its_password(stack, path):
    assert stack.flower(path).status == 401
    assert stack.flower(path, Login("admin", "wrong")).status == 401
    assert stack.flower(path, stack.flower_login).status == 200


def test_flower_shows_our_queues(stack):
    queues = stack.flower("/api/queues/length", stack.flower_login).json["active_queues"]
    assert {queue["name"] for queue in queues} == {"darkroom.interactive", "darkroom.bulk"}


def test_rabbitmqs_management_asks_for_its_password(stack):
    assert stack.rabbitmq("/api/overview").status == 401
    assert stack.rabbitmq("/api/overview", Login("guest", "guest")).status == 401
    assert stack.rabbitmq("/api/overview", stack.rabbitmq_login).status == 200


def test_no_password_is_on_a_command_line(stack):
    for container in stack.containers():
        arguments = docker("top", container["Id"], "-eo", "pid,args").stdout
        assert not [secret for secret in stack.secrets if secret in arguments]


@pytest.mark.parametrize("service", ["web", "worker", "dispatcher", "flower", "migrate"])
def test_a_placeholder_is_refused_at_start(stack, service):
    placeholder = "SECRET_KEY=changeme-changeme-changeme-changeme"
    done = stack.compose("run", "--rm", "--no-deps", "-T", "-e", placeholder, service, check=False, timeout=60)
    assert done.returncode
    assert "SECRET_KEY is still a placeholder; delete it from .env" in done.stdout + done.stderr


def test_the_checks_of_rabbitmq_leave_no_line_in_its_log(stack):
    log = stack.compose("logs", "--no-color", "rabbitmq").stdout
    assert "127.0.0.1:5672" not in log
    assert "handshake" not in log
