"""Real files through the web, the broker and a worker to the downloaded bytes."""

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from app import recipes
from tests.factories import photo
from tests.imaging import profiles
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
[RECIPE] = [recipe for recipe in recipes.built_in() if recipe.name == recipes.DEFAULT]
OUTPUTS = list(RECIPE.output_names)


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
    assert item["asset"] | {"id": "", "sha256": "", "frames": 1} == {
        "id": "", "sha256": "", "bytes": len(content), "width": 1000, "height": 500, "frames": 1,
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


MODES = {
    "bilevel": ("1", "PNG", {}),
    "grey": ("L", "JPEG", {}),
    "grey with alpha": ("LA", "PNG", {}),
    "grey, 16 bits": ("I;16", "PNG", {}),
    "palette": ("P", "GIF", {}),
    "palette with transparency": ("P", "PNG", {"transparency": 0}),
    "alpha": ("RGBA", "WEBP", {"lossless": True}),
    "CMYK": ("CMYK", "JPEG", {}),
    "CMYK with a profile": ("CMYK", "TIFF", {"icc_profile": profiles.cmyk_profile()}),
    "Lab": ("LAB", "TIFF", {}),
}


@pytest.mark.parametrize("kind", MODES)
def test_every_mode_becomes_every_output(system: System, kind: str):
    mode, format_, options = MODES[kind]
    buffer = io.BytesIO()
    Image.new(mode, (400, 200), 0).save(buffer, format_, **options)
    job = system.finished(system.submit((f"photo.{format_.lower()}", buffer.getvalue()))["id"])
    [item] = job["items"]
    assert job["state"] == "succeeded", item["error"]
    for output in item["outputs"]:
        picture = opened(system.download(output).content)
        assert picture.mode == ("RGBA" if "alpha" in kind or "transparency" in kind else "RGB") or (
            output["media_type"] == "image/jpeg" and picture.mode == "RGB"
        )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(system: System, orientation: int):
    """Red grows to the right and green downwards in the upright picture; the file holds it turned."""
    upright = opened(photo(300, 200, "PNG"))
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)  # fmt: skip
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    (upright if turn is None else upright.transpose(turn)).save(buffer, "JPEG", quality=95, exif=exif)
    [item] = system.finished(system.submit(("photo.jpg", buffer.getvalue()))["id"])["items"]
    for output in item["outputs"]:
        picture = opened(system.download(output).content).convert("RGB")
        assert picture.size == (300, 200)
        for corner in ((5, 5), (294, 5), (5, 194), (294, 194)):
            for ours, theirs in zip(picture.getpixel(corner), upright.getpixel(corner), strict=True):
                assert abs(ours - theirs) < 12, (orientation, output["name"], corner)


def test_the_content_counts_and_not_the_name(system: System):
    job = system.finished(system.submit(("photo.jpg", photo(format_="PNG")))["id"])
    assert job["items"][0]["asset"]["media_type"] == "image/png"


def test_a_phones_photo_comes_out_in_srgb_and_without_its_place(system: System):
    """The profile of the file swaps red and blue: only a conversion through it gives the right colours."""
    exif, buffer = Image.Exif(), io.BytesIO()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010F] = "PhoneMaker"
    profile = profiles.rgb_profile(profiles.SWAPPED, 2.2)
    Image.new("RGB", (400, 200), (200, 60, 60)).save(buffer, "JPEG", quality=95, exif=exif, icc_profile=profile)
    [item] = system.finished(system.submit(("photo.jpg", buffer.getvalue()))["id"])["items"]
    wanted = profiles.in_srgb((200, 60, 60), profiles.SWAPPED, 2.2)
    assert wanted[2] > wanted[0] + 100
    for output in item["outputs"]:
        received = system.download(output).content
        picture = opened(received).convert("RGB")
        assert all(abs(ours - theirs) < 8 for ours, theirs in zip(picture.getpixel((50, 50)), wanted, strict=True))
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
