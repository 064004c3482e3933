"""What is in the image, and what is not."""

import json

from tests.stack.stack import KEEP_OUT, Stack, docker


def run(stack: Stack, script: str, user: str = "0") -> str:
    return docker("run", "--rm", "--user", user, "--entrypoint", "sh", stack.image, "-c", script).stdout


def test_nothing_of_the_checkout_that_the_services_do_not_run(stack):
    assert run(stack, f"find / -xdev -name '{KEEP_OUT}*'") == ""
    top = run(stack, "ls -A /darkroom").split()
    assert sorted(top) == ["app", "bin", "media", "migrations", "tasks", "var"]
    assert run(stack, "find /darkroom -name '.*' -o -path '/darkroom/var/*' -o -path '/darkroom/media/*'") == ""


def test_no_compiler_and_no_development_tool(stack):
    tools = "gcc cc c++ clang ld make git pytest mypy ruff uv watchfiles"
    assert run(stack, f"for tool in {tools}; do command -v $tool; done; true") == ""


def test_no_test_module_and_no_pip_beside_the_dependencies(stack):
    packages = run(stack, "ls /opt/venv/lib/python*/site-packages").split()
    assert "celery" in packages
    assert not {"pip", "pytest", "_pytest", "coverage", "hypothesis", "mypy", "setuptools"} & set(packages)


def test_no_cache_of_pip_or_apt(stack):
    assert run(stack, "ls -A /root/.cache 2>/dev/null || true") == ""
    assert run(stack, "ls -A /var/lib/apt/lists 2>/dev/null || true") in ("", "partial\n", "lock\npartial\n")


def test_no_secret_in_it(stack):
    said = docker("history", "--no-trunc", stack.image).stdout + docker("inspect", stack.image).stdout
    for secret in stack.secrets:
        assert secret not in said
        assert run(stack, f"grep -rlF -e {secret} /darkroom /opt /etc /home /root /tmp || true") == ""


def test_it_runs_as_a_user_without_rights(stack):
    config = json.loads(docker("inspect", stack.image).stdout)[0]["Config"]
    assert config["User"] not in ("", "0", "root")
    assert run(stack, "id -u", user=config["User"]) == "10001\n"


def test_only_the_data_directories_are_writable(stack):
    find = "find /darkroom /opt /usr /etc /home -xdev -writable ! -type l 2>/dev/null || true"
    writable = run(stack, find, user="darkroom").split()
    assert sorted(writable) == ["/darkroom/media", "/darkroom/var"]
