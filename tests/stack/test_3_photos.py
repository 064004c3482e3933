"""Files go in through the published port, and come out as a local run makes them."""

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from app import recipes
from app.imaging.pipeline import Limits, Rendering, render
from tests.stack.stack import MAX_JOB_FILES


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Four files: a phone's photo, a picture with alpha, half a photo, and no picture at all."""
    folder = tmp_path_factory.mktemp("photos")
    bands = [Image.linear_gradient("L").rotate(90 * turn).resize((2000, 1500)) for turn in range(3)]
    gradient = Image.merge("RGB", bands)
    turned = Image.Exif()
    turned[0x0112] = 6
    gradient.save(folder / "photo.jpg", quality=92, exif=turned)
    gradient.resize((400, 300)).convert("RGBA").rotate(30).save(folder / "logo.png")
    whole = (folder / "photo.jpg").read_bytes()
    (folder / "half.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def job(stack, photos):
    return stack.finished_job(*(photos / name for name in ("photo.jpg", "logo.png", "half.jpg", "notes.txt")))


def item(job, name):
    return next(item for item in job["items"] if item["name"] == name)


def test_the_job_ends_partial_with_a_reason_for_each_failure(job):
    assert job["state"] == "partial"
    assert {i["name"]: i["state"] for i in job["items"]} == {
        "photo.jpg": "succeeded", "logo.png": "succeeded", "half.jpg": "failed", "notes.txt": "failed",
    }  # fmt: skip
    for name in ("half.jpg", "notes.txt"):
        assert name in item(job, name)["error"]["message"]


@pytest.mark.parametrize("name", ["photo.jpg", "logo.png"])
def test_the_outputs_are_those_of_a_local_run(stack, job, photos, tmp_path, name):
    local = rendered(photos / name, tmp_path)
    made = item(job, name)
    assert made["data"] == {"placeholder": local.placeholder, "dominant_color": local.dominant_color}
    assert [(o["name"], o["media_type"], o["width"], o["height"]) for o in made["outputs"]] == [
        (file.name, file.media_type, file.width, file.height) for file in local.files
    ]
    for output, file in zip(made["outputs"], local.files, strict=True):
        answer = stack.web(output["url"])
        assert answer.status == 200
        assert answer.headers["Content-Type"] == file.media_type
        assert output["filename"] in answer.headers["Content-Disposition"]
        assert hashlib.sha256(answer.body).hexdigest() == output["sha256"]
        assert_same_pixels(answer.body, file.path)


def rendered(source: Path, scratch: Path) -> Rendering:
    [recipe] = [one for one in recipes.built_in() if one.name == recipes.DEFAULT]
    return render(source, recipe.making(), scratch, Limits(100_000_000, 500))


def assert_same_pixels(body: bytes, file: Path) -> None:
    with Image.open(io.BytesIO(body)) as ours, Image.open(file) as local:
        assert (ours.format, ours.mode, ours.size) == (local.format, local.mode, local.size)
        difference = ImageStat.Stat(ImageChops.difference(ours, local))
    assert max(difference.mean) < 0.5  # other processors, other codecs' builds: the last bit may differ
    assert max(high for _, high in difference.extrema) <= 16


def test_the_page_of_the_job_shows_it(stack, job):
    page = stack.web(job["page"])
    assert page.status == 200
    assert "photo.jpg" in page.body.decode()


def test_a_setting_in_env_reaches_the_services(stack, photos):
    answer = stack.submit(*[photos / "logo.png"] * (MAX_JOB_FILES + 1))
    assert answer.status in (400, 413, 422)
    assert str(MAX_JOB_FILES) in answer.json["detail"]
