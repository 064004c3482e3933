"""Real files through the web, the broker and a worker to the downloaded bytes."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image, ImageCms

from app import recipes
from tests.factories import photo
from tests.system import System

FORMATS = {
    "JPEG": {"quality": 90},
    "JPEG progressive": {"progressive": True},
    "MPO": {"save_all": True, "append_images": [Image.new("RGB", (64, 48))]},
    "PNG": {},
    "WEBP": {"lossless": True},
    "AVIF": {},
    "GIF": {},
    "TIFF": {"compression": "tiff_lzw"},
    "BMP": {},
}
MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "BMP": "image/bmp"}
OUTPUTS = [output.name for output in recipes.latest(recipes.DEFAULT).outputs]


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


@pytest.mark.parametrize("kind", FORMATS)
def test_every_accepted_format_becomes_every_output(system: System, kind: str):
    format_ = kind.split()[0]
    content = photo(1000, 500, format_, **FORMATS[kind])
    job = system.finished(system.submit((f"photo.{format_.lower()}", content))["id"])
    [item] = job["items"]
    assert job["state"] == "succeeded", item["error"]
    assert item["asset"] | {"sha256": "", "frames": 1} == {
        "sha256": "", "bytes": len(content), "width": 1000, "height": 500, "frames": 1,
        "media_type": MEDIA_TYPES.get(format_, f"image/{format_.lower()}"),
    }  # fmt: skip
    assert [output["name"] for output in item["outputs"]] == OUTPUTS
    for output in item["outputs"]:
        response = system.download(output)
        picture = opened(response.content)
        assert response.headers["Content-Type"] == output["media_type"] == Image.MIME[str(picture.format)]
        assert output["filename"] in response.headers["Content-Disposition"]
        wanted = min(int(output["name"].split("-")[0]), 1000)
        assert picture.size == (output["width"], output["height"]) == (wanted, wanted // 2)
        assert len(response.content) == output["bytes"]


def test_the_content_counts_and_not_the_name(system: System):
    job = system.finished(system.submit(("photo.jpg", photo(format_="PNG")))["id"])
    assert job["items"][0]["asset"]["media_type"] == "image/png"


def test_a_phones_photo_comes_out_upright_in_srgb_and_without_its_place(system: System):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "PhoneMaker"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = photo(400, 200, "JPEG", exif=exif, icc_profile=profile)
    job = system.finished(system.submit(("photo.jpg", content))["id"])
    [item] = job["items"]
    assert (item["asset"]["width"], item["asset"]["height"]) == (200, 400)
    for output in item["outputs"]:
        received = system.download(output).content
        picture = opened(received)
        assert picture.height == 2 * picture.width
        top, bottom = (picture.convert("RGB").getpixel((10, y)) for y in (5, picture.height - 6))
        assert isinstance(top, tuple)
        assert isinstance(bottom, tuple)
        assert bottom[0] > top[0] + 100, "red, to the right in the file, is at the bottom once it is turned"
        assert not picture.getexif()
        assert "icc_profile" not in picture.info
        assert b"PhoneMaker" not in received


def test_bad_files_fail_alone_and_the_job_ends_partial(system: System):
    good, big = photo(), photo(1200, 1000, "PNG")
    job = system.finished(
        system.submit(
            ("good.jpg", good), ("empty.jpg", b""), ("cut.jpg", photo(800, 600)[:5000]),
            ("notes.jpg", b"%PDF-1.7\n%\xe2\xe3"), ("big.png", big),
        )["id"]
    )  # fmt: skip
    assert job["state"] == "partial"
    assert job["progress"]["succeeded"] == 1
    assert job["progress"]["failed"] == 4
    errors = {item["name"]: item["error"] for item in job["items"]}
    assert errors["good.jpg"] is None
    assert {name: error["code"] for name, error in errors.items() if error} == {
        "empty.jpg": "empty-file",
        "cut.jpg": "damaged-file",
        "notes.jpg": "unsupported-file",
        "big.png": "too-many-pixels",
    }
    for name, error in errors.items():
        assert error is None or error["message"].startswith(f"{name}: ")
    page = system.http.get(f"/jobs/{job['id']}").text
    assert "partial" in page
    assert "cut.jpg: " in page


def test_the_same_file_twice_is_stored_once(system: System):
    content = photo(77, 55)
    job = system.finished(system.submit(("a.jpg", content), ("b.jpg", content))["id"])
    first, second = job["items"]
    assert first["asset"]["sha256"] == second["asset"]["sha256"]
    assert [o["sha256"] for o in first["outputs"]] == [o["sha256"] for o in second["outputs"]]
    assert second["outputs"][0]["filename"] == "b-320.jpg"
    digest = first["asset"]["sha256"]
    assert len(list((system.folder / "media" / "objects").rglob(f"{digest}*"))) == 1


def test_two_jobs_at_once_both_end_right(system: System):
    def run(number: int):
        names = [f"{number}-{n}.jpg" for n in range(5)]
        job = system.finished(system.submit(*[(name, photo(100 + number, 60)) for name in names])["id"])
        return job["state"], [item["name"] for item in job["items"]] == names, job["items"][0]["outputs"][0]["width"]

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(run, (1, 2))) == [("succeeded", True, 101), ("succeeded", True, 102)]


def test_results_are_downloads_that_caches_and_players_understand(system: System):
    job = system.finished(system.submit(("Ünïcode ☃.jpg", photo()))["id"])
    output = job["items"][0]["outputs"][0]
    response = system.download(output)
    assert "attachment" in response.headers["Content-Disposition"]
    assert "filename*=UTF-8''%C3%9Cn%C3%AFcode%20%E2%98%83-320.jpg" in response.headers["Content-Disposition"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    unchanged = system.http.get(output["url"], headers={"If-None-Match": response.headers["ETag"]})
    assert unchanged.status_code == 304
    part = system.http.get(output["url"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, response.content[:10])
