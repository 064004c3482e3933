"""Every error has a page that explains it, and every answer that is an error leads there."""

import ast
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.exceptions import default_exceptions

from app import problems
from app.errors import DarkroomError, SettingsError
from tests.test_architecture import MODULES, ROOT


def codes_in(path: Path) -> set[str]:
    """The codes that are written in a file: of classes of errors, and of failures that are made by hand."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    failures = [
        node.args[0] for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Failure" and node.args
    ]  # fmt: skip
    classes = [
        line.value for node in ast.walk(tree) if isinstance(node, ast.ClassDef) for line in node.body
        if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name) and line.targets[0].id == "code"
    ]  # fmt: skip
    return {node.value for node in (*failures, *classes) if isinstance(node, ast.Constant)}


def test_every_code_that_is_written_anywhere_is_documented():
    written = set().union(*map(codes_in, MODULES))
    assert {"no-files", "crashed", "out-of-memory"} <= written, "the search finds what there is"
    assert written - {SettingsError.code} <= set(problems.known())


def test_every_class_of_errors_has_a_code_of_its_own():
    kinds = [kind for kind in problems._below(DarkroomError) if "code" in vars(kind)]
    assert len({kind.code for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("problem", problems.known().values(), ids=lambda problem: problem.code)
def test_a_problem_says_what_it_means_and_what_to_do(client: FlaskClient, problem: problems.Problem):
    assert problem.title
    assert problem.meaning.endswith(".")
    assert problem.advice.endswith(".")
    page = client.get(f"/problems/{problem.code}")
    assert page.status_code == 200
    assert problem.title in page.text
    section = f"`{problem.code}`" if problem.code.startswith("http-") else f"\n## {problem.code}\n"
    assert section in (ROOT / "docs/errors.md").read_text()
    assert f"/problems/{problem.code}" in client.get("/problems").text


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_whatever_http_error_there_is_its_type_leads_to_a_page(app: Flask, status: int):
    app.add_url_rule("/api/v1/broken", view_func=lambda: abort(status))
    client = app.test_client()
    problem = client.get("/api/v1/broken").json
    assert problem["status"] == status
    assert client.get(problem["type"]).status_code == 200
    assert problem["type"].endswith(problem["code"])


def test_a_fault_of_ours_tells_nothing_of_the_server(app: Flask, caplog: pytest.LogCaptureFixture):
    app.add_url_rule("/api/v1/broken", view_func=lambda: open("/no/such/file"))  # noqa: PTH123, SIM115
    answer = app.test_client().get("/api/v1/broken")
    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert "/no/such" not in answer.text
    assert "Traceback" not in answer.text
    assert "/no/such/file" in caplog.text, "the log has it"


def test_an_unknown_problem_is_a_404(client: FlaskClient):
    assert client.get("/problems/nothing").status_code == 404


BAD_REQUESTS = [
    ("/api/v1/jobs?state=x&limit=0", None, {"parameter": ["limit", "state"]}),
    ("/api/v1/jobs?nothing=1", None, {"parameter": ["nothing"]}),
    ("/api/v1/jobs?limit=1&limit=2", None, {"parameter": ["limit"]}),
    ("/api/v1/jobs", {"json": {"assets": ["x"], "lane": "fast"}}, {"pointer": ["/assets/0", "/lane"]}),
    ("/api/v1/jobs", {"json": {"assets": [], "a/b.c~": 1}}, {"pointer": ["/a~1b.c~0", "/assets"]}),
    ("/api/v1/jobs", {"json": {"assets": [str(uuid4())]}}, {"pointer": ["/assets/0"]}),
    ("/api/v1/jobs", {"data": {"lane": "fast"}, "content_type": "multipart/form-data"}, {"pointer": ["/lane"]}),
    ("/api/v1/jobs", {"headers": {"Idempotency-Key": "a b"}}, {"parameter": ["Idempotency-Key"]}),
    ("/api/v1/recipes/web-images/plan", {"json": {"width": 1}}, {"pointer": ["/height"]}),
    (
        "/api/v1/recipes/web-images/plan",
        {"json": {"width": 1, "height": 1, "vars": {"x": 1}}},
        {"pointer": ["/vars/x"]},
    ),
    (
        "/api/v1/recipes",
        {"json": {"schema": 1, "name": "n", "outputs": {"a": {"x": 1}}}},
        {"pointer": ["/outputs/a/x"]},
    ),
]


@pytest.mark.parametrize(("path", "sent", "errors"), BAD_REQUESTS)
def test_each_bad_field_is_pointed_to(client: FlaskClient, path: str, sent, errors: dict[str, list[str]]):
    answer = client.get(path) if sent is None else client.post(path, **sent)
    told = answer.json["errors"]
    for name, places in errors.items():
        assert set(places) <= {each.get(name) for each in told}
    assert all(each["detail"] for each in told)
