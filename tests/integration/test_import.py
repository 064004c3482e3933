"""A job of URLs in a whole Darkroom."""

from pathlib import Path

from tests.factories import photo
from tests.receiver import answer, receiver
from tests.system import System


def test_photos_are_downloaded_by_the_workers_and_made(broker_url: str, tmp_path: Path):
    with (
        receiver() as there,
        System(tmp_path, broker_url, URL_IMPORT="on", OUTGOING_ALLOWED="127.0.0.1") as system,
    ):
        there.then(answer(503), answer(200, photo(400, 300)))
        response = system.http.post("/api/v1/jobs", json={"urls": [there.url], "recipe": "thumbnail"})
        assert response.status_code == 202, response.text
        job = system.finished(response.json()["id"])
        assert job["state"] == "succeeded"
        [item] = job["items"]
        assert item["asset"]["width"] == 400
        assert [event["event"] for event in item["timeline"]].count("retrying") == 1
        assert system.download(item["outputs"][0]).content
