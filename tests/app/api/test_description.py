"""The OpenAPI document is true: schemathesis makes requests of it, valid and wrong ones, and finds nothing."""

import os
import random
import re
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from app import create_app
from app.api import idempotency_key
from app.settings import Settings
from tests.conftest import close_database

EXAMPLES = 20
USUAL = ["2xx", "3xx", "401", "403", "404", "409", "5xx"]
BEYOND_A_SCHEMA = {
    "jobs_create_job": [400, 422],  # variables that the recipe does not have, URLs to which no request goes
    "recipes_save_recipe": [422],  # a graph that does not fit together
    "assets_plan_asset": [400, 422],
    "recipes_plan_recipe": [400, 422],  # variables, and pictures of which the recipe can not be made
    "webhooks_create_endpoint": [400, 422],  # texts that no database takes, names that are taken, and URLs again
    "webhooks_change_endpoint": [400, 422],
}
"""What may be answered to requests that the schema allows: what it says can not be said by a schema."""


def config(seed: int) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict({
        "seed": seed,
        "generation": {"max-examples": EXAMPLES, "database": "none"},
        "checks": {"enabled": True},
        "phases": {"stateful": {"max-steps": 6}},
        "operations": [
            {"include-operation-id": name, "checks": {"positive_data_acceptance": {"expected-statuses": USUAL + more}}}
            for name, more in BEYOND_A_SCHEMA.items()
        ],
    })  # fmt: skip


@schemathesis.hook("before_call")
def key_of_its_own(context: object, case: schemathesis.Case, kwargs: dict) -> None:
    """An old key gives an old answer, of a job that may be gone: tests/app/api/test_idempotency.py is about that."""
    if idempotency_key._FORM.fullmatch(str((case.headers or {}).get("Idempotency-Key", ""))):
        case.headers["Idempotency-Key"] = str(uuid4())


@schemathesis.hook("before_call")
def every_other_url_is_one(context: object, case: schemathesis.Case, kwargs: dict) -> None:
    """Texts made by chance never are; with these, endpoints and jobs come to be that other requests are about."""
    if isinstance(case.body, dict):
        for name, value in case.body.items():
            if name == "url" and isinstance(value, str) and len(value) % 2:
                case.body[name] = "https://hooks.example/darkroom"
            if name == "urls" and isinstance(value, list) and len(value) % 2:
                case.body[name] = ["https://photos.example/a.jpg" if isinstance(url, str) else url for url in value]


@pytest.fixture
def app(make_settings: Callable[..., Settings]) -> Iterator[Flask]:
    """Jobs of URLs are taken, and stay where they are: there is no worker, so no request goes anywhere."""
    app = create_app(make_settings(URL_IMPORT="on"))
    yield app
    close_database(app)


@pytest.mark.timeout(300)
def test_schemathesis_finds_nothing(app: Flask):
    seed = int(os.environ.get("SCHEMATHESIS_SEED") or random.randrange(2**32))
    print(f"SCHEMATHESIS_SEED={seed}")
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app, config=config(seed))
    found, scenarios = [], 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            found.append(str(event.__dict__))
        if isinstance(event, events.ScenarioFinished):
            scenarios += 1
            for checks in event.recorder.checks.values():
                found += [f"{check.name}: {check.failure_info}" for check in checks if check.failure_info]
    assert not found, "\n\n".join(found[:5])
    assert scenarios > 30


def test_every_route_of_the_api_is_described(app: Flask, client: FlaskClient):
    described = client.get("/api/openapi.json").json
    assert described["openapi"].startswith("3.1")
    told = {(path, method.upper()) for path, methods in described["paths"].items() for method in methods}
    there = {
        (re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert told == there
    assert all(operation["summary"] for methods in described["paths"].values() for operation in methods.values())


def test_the_page_shows_every_route_and_model_and_needs_no_script(client: FlaskClient):
    described, page = client.get("/api/openapi.json").json, client.get("/api/docs")
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert f"{method.upper()} {path}" in page.text
            assert f'id="{operation["operationId"]}"' in page.text
    for name in described["components"]["schemas"]:
        assert f'id="{name}"' in page.text
    for target in re.findall(r'href="#([^"]+)"', page.text):
        assert f'id="{target}"' in page.text
    assert not re.search(r"<style|style=|<script(?! src=)|https?://", page.text)


def test_a_link_of_the_description_leads_to_an_operation(client: FlaskClient):
    paths = client.get("/api/openapi.json").json["paths"]
    operations = {operation["operationId"] for methods in paths.values() for operation in methods.values()}
    links = paths["/api/v1/jobs"]["post"]["responses"]["202"]["links"]
    assert {link["operationId"] for link in links.values()} <= operations
    assert links["jobs_get_job"]["parameters"] == {"job_id": "$response.body#/id"}
    links = paths["/api/v1/webhooks"]["post"]["responses"]["201"]["links"]
    assert links["webhooks_ping_endpoint"]["parameters"] == {"name": "$response.body#/name"}
    assert not any(name.startswith("recipes") for name in links)
