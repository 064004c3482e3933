"""Assets without a job, and jobs of assets."""

import io
import threading
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import assets, collection, jobs
from app.database import transaction
from app.errors import UnknownAsset
from app.storage import Store
from tests import rows
from tests.factories import claimed, files_below, output, photo, submitted, succeed

ASSETS, JOBS = "/api/v1/assets", "/api/v1/jobs"


def upload(client: FlaskClient, *names: str) -> list[dict]:
    data = {"file": [(io.BytesIO(photo(64 + index)), name) for index, name in enumerate(names)]}
    answer = client.post(ASSETS, data=data)
    assert answer.status_code == 201, answer.text
    return answer.json["assets"]


def test_files_are_kept_without_a_job(client: FlaskClient, app: Flask, store: Store):
    made = upload(client, "a.jpg", "b.jpg")
    assert [(asset["name"], asset["kept"], asset["media_type"]) for asset in made] == [
        ("a.jpg", True, None), ("b.jpg", True, None),
    ]  # fmt: skip
    assert client.get(made[0]["url"]).json == made[0]
    with app.app_context():
        collection.collect(store, collection.OLDER_THAN * 0)
    assert len(files_below(store.path("x").parent.parent)) == 2
    assert client.get(JOBS).json["jobs"] == []


def test_a_plan_of_an_asset_is_that_of_a_picture_of_its_size(client: FlaskClient, app: Flask, store: Store):
    [asset] = upload(client, "a.jpg")
    refused = client.post(f"{asset['url']}/plan", json={"recipe": "thumbnail"})
    assert (refused.status_code, refused.json["code"]) == (409, "asset-not-opened")
    with app.app_context():
        job = jobs.submit([], store.has, assets=[UUID(asset["id"])])
        claim = claimed(job.due[0].id)
        assert succeed(claim, output(claim))  # which tells the size of the file
    known = client.get(asset["url"]).json
    size = {name: known[name] for name in ("width", "height", "media_type", "frames")}
    planned = client.post(f"{asset['url']}/plan", json={"recipe": "thumbnail"})
    assert planned.status_code == 200, planned.text
    assert planned.json == client.post("/api/v1/recipes/thumbnail/plan", json=size).json
    assert client.post(f"{ASSETS}/{uuid4()}/plan", json={}).status_code == 404
    assert client.post(f"{asset['url']}/plan", json={"recipe": "thumbnial"}).json["code"] == "unknown-recipe"


def test_a_job_of_assets_is_like_one_of_files(client: FlaskClient):
    made = upload(client, "a.jpg", "b.jpg")
    ids = [asset["id"] for asset in reversed(made)]
    order = {"assets": ids, "recipe": "web-images@1", "vars": {}, "lane": "bulk"}
    answer = client.post(JOBS, json=order)
    assert answer.status_code == 202
    assert answer.headers["Location"] == answer.json["url"]
    assert answer.json["lane"] == "bulk"
    assert [(item["name"], item["asset"]["id"]) for item in answer.json["items"]] == [
        ("b.jpg", ids[0]), ("a.jpg", ids[1]),
    ]  # fmt: skip
    assert [item["state"] for item in client.get(answer.json["url"]).json["items"]] == ["pending", "pending"]


def test_a_job_may_use_an_asset_of_another_job_and_one_twice(client: FlaskClient, app: Flask, store: Store):
    with app.app_context():
        first = submitted(store)
    asset = str(first.job.items[0].asset_id)
    second = client.post(JOBS, json={"assets": [asset, asset]}).json
    assert client.delete(f"{JOBS}/{first.job.id}").status_code == 204
    assert client.get(f"{ASSETS}/{asset}").status_code == 200, "another job uses it"
    with app.app_context():
        claim = claimed(UUID(second["items"][1]["id"]))
        assert succeed(claim, output(claim))
    assert client.delete(second["url"]).status_code == 204
    assert client.get(f"{ASSETS}/{asset}").status_code == 404, "it goes with the last job that uses it"
    assert files_below(store.path("x").parent.parent) == []


def test_what_was_uploaded_by_itself_stays_when_its_jobs_go(client: FlaskClient, store: Store):
    [asset] = upload(client, "a.jpg")
    job = client.post(JOBS, json={"assets": [asset["id"]]}).json
    refused = client.delete(asset["url"])
    assert (refused.status_code, refused.json["code"]) == (409, "asset-in-use")
    assert client.delete(job["url"]).status_code == 204
    assert client.get(asset["url"]).status_code == 200
    assert len(files_below(store.path("x").parent.parent)) == 1
    assert client.delete(asset["url"]).status_code == 204
    assert client.get(asset["url"]).status_code == 404
    assert files_below(store.path("x").parent.parent) == []


def test_an_equal_file_of_another_asset_stays(client: FlaskClient, store: Store):
    one, two = upload(client, "a.jpg")[0], upload(client, "a.jpg")[0]
    assert one["sha256"] == two["sha256"]
    client.delete(one["url"])
    assert store.has(two["sha256"])


def test_a_job_of_an_asset_that_is_not_there_is_not_made(client: FlaskClient):
    [asset] = upload(client, "a.jpg")
    missing = str(uuid4())
    refused = client.post(JOBS, json={"assets": [asset["id"], missing]})
    assert (refused.status_code, refused.json["code"]) == (404, "unknown-asset")
    assert refused.json["errors"] == [{"detail": f"There is no asset {missing}.", "pointer": "/assets/1"}]
    assert client.get(JOBS).json["jobs"] == []


@pytest.mark.parametrize(
    ("order", "pointer"),
    [
        ({}, ""),
        ({"assets": []}, "/assets"),
        ({"assets": "x"}, "/assets"),
        ({"assets": [1]}, "/assets/0"),
        ({"assets": ["00000000-0000-0000-0000-000000000000"], "files": []}, "/files"),
        ({"assets": ["00000000-0000-0000-0000-000000000000"], "lane": "slow"}, "/lane"),
        ({"assets": ["00000000-0000-0000-0000-000000000000"], "vars": {"a": None}}, "/vars/a"),
        ({"assets": ["00000000-0000-0000-0000-000000000000"], "recipe": 1}, "/recipe"),
    ],
)
def test_a_wrong_order_is_refused_with_the_place(client: FlaskClient, order: dict, pointer: str):
    refused = client.post(JOBS, json=order)
    assert (refused.status_code, refused.json["code"]) == (400, "invalid-parameter")
    assert pointer in [error["pointer"] for error in refused.json["errors"]]


def test_variables_of_a_json_order_are_checked(client: FlaskClient):
    [asset] = upload(client, "a.jpg")
    refused = client.post(JOBS, json={"assets": [asset["id"]], "vars": {"qualty": 3}})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (400, "/vars/qualty")


def test_more_assets_than_a_job_may_have_are_refused(client: FlaskClient):
    [asset] = upload(client, "a.jpg")
    refused = client.post(JOBS, json={"assets": [asset["id"]] * 1001})
    assert (refused.status_code, refused.json["code"]) == (413, "too-many-files")


@pytest.mark.parametrize(("data", "status"), [({}, 415), ({"lane": "bulk"}, 415)])
def test_an_upload_without_a_form_is_refused(client: FlaskClient, data: dict, status: int):
    assert client.post(ASSETS, json=data).status_code == status


def test_an_upload_takes_no_fields_and_at_least_one_file(client: FlaskClient):
    form = "multipart/form-data"
    assert client.post(ASSETS, data={"lane": "bulk"}, content_type=form).json["code"] == "invalid-parameter"
    empty = client.post(ASSETS, data=b"--x--", content_type=f"{form}; boundary=x")
    assert (empty.status_code, empty.json["code"]) == (400, "no-files")


def test_an_asset_is_not_deleted_under_a_job_that_is_being_made(context: Flask, client: FlaskClient, store: Store):
    """Whoever deletes waits for who makes, and finds the asset in use; or is first, and the job is not made."""
    [asset] = upload(client, "a.jpg")
    asset_id, outcome = UUID(asset["id"]), []

    def delete() -> None:
        outcome.append(client.delete(asset["url"]).status_code)

    deleting = threading.Thread(target=delete)
    jobs.submit([], store.has, assets=[asset_id], in_transaction=lambda *_: deleting.start())
    deleting.join()
    assert outcome == [409]
    jobs.remove(rows.only_item().job_id)
    assets.remove(asset_id)
    with pytest.raises(UnknownAsset):
        jobs.submit([], store.has, assets=[asset_id])
    with transaction():
        assert rows.states() == []
