import datetime as dt
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import archives, items
from app.errors import ResultsGone, StorageUnavailable
from app.models import Output
from app.names import distinct
from app.storage import Store
from tests.factories import DAMAGED, PATIENCE, claimed, output, submitted, succeed


def kept(store: Store, content: bytes) -> dict[str, object]:
    """The columns of an output whose file is in the store."""
    incoming = store.receive()
    incoming.write(content)
    stored = incoming.keep()
    return {"sha256": stored.sha256, "bytes": stored.bytes}


Finished = Callable[..., str]


@pytest.fixture
def finished(app: Flask, store: Store) -> Finished:
    """The address of the archive of an ended job; each item has these outputs, as (file name, content, media type)."""

    def make(*of_items: list[tuple[str, bytes, str]]) -> str:
        with app.app_context():
            submission = submitted(store, *(f"photo-{number}.jpg" for number in range(len(of_items))))
            for due, files in zip(submission.due, of_items, strict=True):
                claim = claimed(due.id)
                rows = []
                for position, (filename, content, media_type) in enumerate(files):
                    row = output(claim, name=f"output-{position}")
                    row.filename, row.media_type, row.position = filename, media_type, position
                    row.sha256, row.bytes = kept(store, content).values()
                    rows.append(row)
                assert succeed(claim, *rows)
            return f"/jobs/{submission.job.id}/zip"

    return make


def jpeg(filename: str, content: bytes = b"picture") -> tuple[str, bytes, str]:
    return filename, content, "image/jpeg"


def opened(content: bytes) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None, "all checksums are right"
    return archive


def test_all_results_of_all_items_are_in_it_in_the_order_of_the_job(client: FlaskClient, finished: Finished):
    url = finished([jpeg("a-320.jpg", b"1"), jpeg("a-800.jpg", b"2")], [jpeg("b-320.jpg", b"3")])
    response = client.get(url)
    assert response.status_code == 200
    assert response.mimetype == "application/zip"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=web-images-20")
    archive = opened(response.data)
    assert archive.namelist() == ["a-320.jpg", "a-800.jpg", "b-320.jpg"]
    assert [archive.read(name) for name in archive.namelist()] == [b"1", b"2", b"3"]


def test_its_length_is_known_before_and_right(client: FlaskClient, finished: Finished):
    response = client.get(
        finished([jpeg("a.jpg", b"x" * 200_000), jpeg("été.jpg"), jpeg("照片.jpg", os.urandom(70_000))])
    )
    assert response.content_length == len(response.data)


def test_results_of_one_name_get_numbers(client: FlaskClient, finished: Finished):
    url = finished([jpeg("a.jpg", b"1")], [jpeg("a.jpg", b"2")], [jpeg("A.JPG", b"3")], [jpeg("a (2).jpg", b"4")])
    archive = opened(client.get(url).data)
    assert archive.namelist() == ["a.jpg", "a (3).jpg", "A (4).JPG", "a (2).jpg"]
    assert [archive.read(name) for name in archive.namelist()] == [b"1", b"2", b"3", b"4"]


def test_a_numbered_name_stays_as_short_as_file_systems_want_it():
    long = "사" * 83 + ".jpg"
    first, second = distinct([long, long])
    assert first == long
    assert second.endswith("사 (2).jpg")
    assert len(second.encode()) <= 255


def test_names_in_any_script_are_marked_as_utf_8(client: FlaskClient, finished: Finished):
    archive = opened(client.get(finished([jpeg("照片.jpg"), jpeg("été.jpg"), jpeg("🙂.jpg")])).data)
    assert archive.namelist() == ["照片.jpg", "été.jpg", "🙂.jpg"]
    assert all(entry.flag_bits & 0x800 for entry in archive.infolist())


def test_what_is_compressed_already_is_stored_and_text_is_deflated(client: FlaskClient, finished: Finished):
    text = b'{"a": 1}' * 1000
    response = client.get(finished([jpeg("a.jpg"), ("a.json", text, "application/json"), ("a.css", text, "text/css")]))
    archive = opened(response.data)
    kinds = [entry.compress_type for entry in archive.infolist()]
    assert kinds == [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED]
    assert archive.read("a.json") == text
    assert "Content-Length" not in response.headers


def test_a_job_without_results_says_so(client: FlaskClient, app: Flask, store: Store):
    with app.app_context():
        submission = submitted(store)
        assert items.fail(claimed(submission.due[0].id), DAMAGED, PATIENCE)
    response = client.get(f"/jobs/{submission.job.id}/zip")
    assert response.status_code == 409
    assert "ended without any result" in response.text
    assert "Download all" not in client.get(f"/jobs/{submission.job.id}").text
    assert client.get(f"/api/v1/jobs/{submission.job.id}").json["zip"] is None


def test_a_job_that_has_not_ended_says_how_far_it_is(client: FlaskClient, app: Flask, store: Store):
    with app.app_context():
        submission = submitted(store, "a.jpg", "b.jpg")
        claim = claimed(submission.due[0].id)
        assert succeed(claim, output(claim))
    response = client.get(f"/jobs/{submission.job.id}/zip")
    assert response.status_code == 409
    assert "1 of 2 files are done" in response.text
    assert client.get(f"/api/v1/jobs/{submission.job.id}").json["zip"] is None


def test_a_job_that_is_not_there(client: FlaskClient):
    assert client.get(f"/jobs/{uuid4()}/zip").status_code == 404


def test_the_page_and_the_api_link_it(client: FlaskClient, finished: Finished):
    url = finished([jpeg("a.jpg")])
    job = url.removesuffix("/zip")
    assert f'href="{url}" download>Download all (zip)</a>' in client.get(job).text
    assert client.get(f"/api/v1{job}").json["zip"] == url


def test_it_is_not_sent_again_to_who_has_it(client: FlaskClient, finished: Finished, store: Store):
    url = finished([jpeg("a.jpg")])
    tag = client.get(url).headers["ETag"]
    again = client.get(url, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("other", [[jpeg("a.jpg", b"other")], [jpeg("b.jpg")], [jpeg("a.jpg"), jpeg("b.jpg")]])
def test_other_results_or_names_have_another_tag(client: FlaskClient, finished: Finished, other):
    one, same, another = (client.get(finished(files)).headers["ETag"] for files in ([jpeg("a.jpg")],) * 2 + (other,))
    assert one == same
    assert one != another


def test_a_head_request_reads_no_file(client: FlaskClient, finished: Finished):
    url = finished([jpeg("a.jpg")])
    whole, head = client.get(url), client.head(url)
    assert head.data == b""
    assert head.content_length == len(whole.data)


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"pict")])
def test_missing_files_are_an_error_before_the_first_byte(
    client: FlaskClient, finished: Finished, store: Store, harm: Callable[[Path], object]
):
    url = finished([jpeg("a.jpg", b"1")], [jpeg("b.jpg", b"picture")])
    harm(store.path(kept(store, b"picture")["sha256"]))
    response = client.get(url)
    assert response.status_code == 410
    assert "1 of 2 results are missing from the media store or cut off: b.jpg" in response.text
    assert str(store.path("")) not in response.text


def test_a_store_that_can_not_be_read_is_trouble_that_passes():
    class Unreadable:
        def stat(self) -> None:
            raise OSError(5, "Input/output error")

    with pytest.raises(StorageUnavailable, match="Input/output error"):
        archives.archive([entry("a.jpg", "0" * 64, 1)], lambda _: Unreadable())


def entry(filename: str, sha256: str, size: int) -> Output:
    return Output(
        filename=filename, sha256=sha256, bytes=size, media_type="image/jpeg", created_at=dt.datetime.now(dt.UTC)
    )


def test_ten_thousand_results_are_read_one_at_a_time(tmp_path: Path):
    file = tmp_path / "picture"
    file.write_bytes(b"x" * 100)
    made = archives.archive([entry("photo.jpg", "", 100) for _ in range(10_000)], lambda _: file)
    largest = total = 0
    whole = io.BytesIO()
    for chunk in made.chunks:
        largest, total = max(largest, len(chunk)), total + len(chunk)
        whole.write(chunk)
    assert made.size == total
    assert largest < 200_000
    archive = zipfile.ZipFile(whole)
    assert len(set(archive.namelist())) == 10_000
    assert archive.namelist()[-1] == "photo (10000).jpg"


def test_more_than_65535_results_need_and_get_zip64(tmp_path: Path):
    file = tmp_path / "picture"
    file.write_bytes(b"x")
    made = archives.archive([entry(f"{number}.jpg", "", 1) for number in range(65_540)], lambda _: file)
    whole = io.BytesIO(b"".join(made.chunks))
    assert made.size == len(whole.getvalue())
    assert len(zipfile.ZipFile(whole).namelist()) == 65_540


def test_a_file_of_more_than_four_gigabytes_needs_and_gets_zip64(tmp_path: Path):
    file = tmp_path / "picture"
    with file.open("wb") as sparse:
        sparse.truncate(5 << 30)
    made = archives.archive([entry("a.jpg", "", 5 << 30)], lambda _: file)
    # 30 + name + 20 of zip64, the file, 24 of its descriptor; 46 + name + 20 of zip64; 56 + 20 + 22 at the end.
    assert made.size == (30 + 5 + 20) + (5 << 30) + 24 + (46 + 5 + 20) + (56 + 20 + 22)
    assert next(made.chunks)[:4] == b"PK\x03\x04"


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path):
    file = tmp_path / "picture"
    file.write_bytes(b"x" * 1_000_000)
    made = archives.archive([entry("a.jpg", "", 1_000_000)], lambda _: file)
    file.unlink()
    with pytest.raises(FileNotFoundError):
        b"".join(made.chunks)


def test_a_file_that_shrinks_on_the_way_breaks_the_download(tmp_path: Path):
    file = tmp_path / "picture"
    file.write_bytes(b"x" * 1000)
    made = archives.archive([entry("a.jpg", "", 1000)], lambda _: file)
    file.write_bytes(b"x")
    with pytest.raises(RuntimeError, match="did not match"):
        b"".join(made.chunks)


def test_no_result_at_all_is_refused_by_its_files(tmp_path: Path):
    with pytest.raises(ResultsGone, match=r"2 of 2 results .*: a\.jpg and 1 more"):
        archives.archive([entry("a.jpg", "", 1), entry("b.jpg", "", 1)], lambda _: tmp_path / "none")
