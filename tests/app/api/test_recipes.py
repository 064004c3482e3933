"""Recipes over the API, and jobs that name one and fill in its variables."""

import io
import json

import pytest
from flask.testing import FlaskClient

from tests.factories import photo

MINE = """
schema: 1
name: mine
vars:
  quality: {type: integer, default: 80, minimum: 1, maximum: 100}
  width: {type: integer, default: 100}
steps:
  small: {op: resize, with: {width: "${width}"}}
outputs:
  small: {from: small, name: "${stem} at ${quality}", formats: [{webp: {quality: "${quality}"}}]}
run: {lane: bulk}
results: {expire_after: 2h}
"""


@pytest.fixture
def saved(client: FlaskClient) -> dict[str, object]:
    response = client.post("/api/v1/recipes", data=MINE, content_type="application/yaml")
    assert response.status_code == 201
    assert client.get(response.headers["Location"]).json["name"] == "mine"
    return response.json


def submit(client: FlaskClient, **fields: object):
    data = {"file": (io.BytesIO(photo()), "photo.jpg"), **fields}
    return client.post("/api/v1/jobs", data=data)


def test_a_saved_recipe_is_listed_and_shown(client: FlaskClient, saved: dict[str, object]):
    assert (saved["name"], saved["version"], saved["built_in"], saved["outputs"]) == ("mine", 1, False, ["small-webp"])
    assert saved in client.get("/api/v1/recipes").json["recipes"]
    shown = client.get("/api/v1/recipes/mine").json
    assert shown["versions"] == [1]
    assert shown["document"]["vars"]["quality"]["default"] == 80


def test_a_recipe_in_json_is_as_good(client: FlaskClient):
    document = client.get("/api/v1/recipes/web-images").json["document"] | {"name": "copy"}
    document.pop("version")
    assert client.post("/api/v1/recipes", json=document).json["version"] == 1


def test_every_fault_is_told_with_its_path(client: FlaskClient):
    wrong = MINE.replace('width: "${width}"', "wdith: 3").replace("from: small", "from: smal")
    response = client.post("/api/v1/recipes", data=wrong)
    assert (response.status_code, response.json["code"]) == (422, "invalid-recipe")
    assert "steps.small.with.wdith: there is no such key; did you mean width?" in response.json["detail"]
    assert "outputs.small.from: there is no step 'smal'; did you mean small?" in response.json["detail"]


@pytest.mark.parametrize("body", [b"\xff\xfe", b"x" * 600_000, "ü".encode() * 300_000, b"[1, 2]", b"", b"{{"])
def test_what_is_no_recipe_is_refused(client: FlaskClient, body: bytes):
    response = client.post("/api/v1/recipes", data=body)
    assert (response.status_code, response.json["code"]) == (422, "invalid-recipe")


def test_a_job_uses_the_recipe_and_the_values_that_it_names(client: FlaskClient, saved: dict[str, object]):
    job = submit(client, recipe="mine", vars=json.dumps({"quality": 55})).json
    assert job["recipe"] == {"name": "mine", "version": 1, "vars": {"quality": 55}}
    assert job["lane"] == "bulk"
    assert submit(client, recipe="mine@1", lane="interactive").json["lane"] == "interactive"


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"recipe": "min"}, 404, "There is no recipe 'min'; did you mean mine?"),
        ({"recipe": "mine", "vars": "{"}, 400, "vars can not be read as JSON"),
        ({"recipe": "mine", "vars": "[1]"}, 400, "vars is no object"),
        ({"recipe": "mine", "vars": "[" * 90_000}, 400, "vars can not be read as JSON"),
        ({"recipe": "mine", "vars": '{"quality": 1' + "0" * 400 + "}"}, 400, "The variable quality"),
        ({"recipe": "mine", "vars": '{"quality": null}'}, 400, "vars is no object"),
        ({"recipe": "mine", "vars": '{"qualty": 3}'}, 400, "no variable 'qualty'; did you mean quality?"),
        ({"recipe": "mine", "vars": '{"quality": 0}'}, 400, "The variable quality is 0; it must be at least 1."),
        ({"recipe": "mine", "vars": '{"quality": "80"}'}, 400, "quality is '80'; it must be of type integer"),
        ({"recipe": "mine", "vars": '{"width": -3}'}, 400, "steps.small.with.width: "),
    ],
)
def test_a_job_with_a_wrong_recipe_or_value_is_refused_and_not_made(
    client: FlaskClient, saved: dict[str, object], fields: dict[str, str], status: int, sentence: str
):
    response = submit(client, **fields)
    assert response.status_code == status
    assert sentence in response.json["detail"]
    assert client.get("/api/v1/jobs").json["jobs"] == []


def test_a_plan_says_what_would_be_made(client: FlaskClient, saved: dict[str, object]):
    asked = {"width": 4000, "height": 3000, "vars": {"width": 200}}
    planned = client.post("/api/v1/recipes/mine/plan", json=asked).json
    assert planned["outputs"] == [{"name": "small-webp", "format": "webp", "width": 200, "height": 150}]
    assert planned["decoded_megapixels"] == 0.19
    assert planned["memory_bytes"] > 0
    assert planned["seconds"] > 0


def test_a_whole_number_may_be_written_with_a_fraction_of_nothing(client: FlaskClient):
    """To JSON Schema, and so to the description of the API, 4000.0 is an integer."""
    sizes = [client.post("/api/v1/recipes/avatar/plan", json={"width": w, "height": 300}) for w in (400, 400.0, 400.5)]
    assert [answer.status_code for answer in sizes] == [200, 200, 400]
    assert sizes[0].json == sizes[1].json


def test_a_plan_counts_the_pages_that_would_be_made(client: FlaskClient):
    asked = {"width": 1654, "height": 2339, "media_type": "application/pdf", "frames": 143}
    planned = client.post("/api/v1/recipes/pdf-pages/plan", json=asked).json
    assert (planned["pages"], [one["name"] for one in planned["outputs"]]) == (20, ["page-jpeg", "thumbnail-webp"])


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"width": 0, "height": 3}, "width: "),
        ({"width": 3}, "height: is missing"),
        ({"width": 3, "hieght": 4}, "hieght: there is no such key; did you mean height?"),
        ({"width": 3, "height": 3, "vars": {"width": 0}}, "steps.small.with.width"),
    ],
)
def test_a_plan_of_nothing_is_refused(client: FlaskClient, saved: dict[str, object], asked: dict, sentence: str):
    response = client.post("/api/v1/recipes/mine/plan", json=asked)
    assert (response.status_code, response.json["code"]) == (400, "invalid-parameter")
    assert sentence in response.json["detail"]


def test_variables_can_not_make_a_recipe_larger_than_one_may_be(client: FlaskClient):
    """Refused before it is put together: 58 kB would stand for 120 MB."""
    huge = MINE.replace("quality: {type: integer, default: 80, minimum: 1, maximum: 100}",
                        f"quality: {{type: string, max_length: 10000, default: {'x' * 10_000}}}")  # fmt: skip
    huge = huge.replace('{webp: {quality: "${quality}"}}', "webp").replace(
        '"${width}"', '"' + "${quality}" * 12_000 + '"'
    )
    response = client.post("/api/v1/recipes", data=huge)
    assert (response.status_code, response.json["code"]) == (422, "invalid-recipe")
    assert "with its variables the recipe has more than 500,000 bytes" in response.json["detail"]
