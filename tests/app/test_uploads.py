import io
import random
from pathlib import Path

import pytest

from app.errors import (
    DarkroomError,
    IncompleteUpload,
    InvalidParameter,
    MalformedUpload,
    NotMultipart,
    TooManyFiles,
    UploadTooLarge,
)
from app.storage import Store
from app.uploads import Limits, Received, ReceivedFile, receive
from tests.factories import files_below

LIMITS = Limits(bytes=1_000_000, files=3)


def part(content: bytes, filename: str | None = "a.jpg", name: str = "file") -> bytes:
    disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    return b"--edge\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"


def take(tmp_path: Path, body: bytes, **headers: str) -> list[ReceivedFile]:
    return taken(tmp_path, body, **headers).files


def taken(tmp_path: Path, body: bytes, **headers: str) -> Received:
    sent = {"Content-Type": "multipart/form-data; boundary=edge", "Content-Length": str(len(body))}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    headers = {name: value for name, value in sent.items() if value}
    return receive(io.BytesIO(body), headers, Store(tmp_path), LIMITS, fields=("lane",))


def test_files_arrive(tmp_path: Path):
    files = take(tmp_path, part(b"one") + part(b"two", "b.jpg") + b"--edge--\r\n")
    assert [(file.name, file.stored.bytes) for file in files] == [("a.jpg", 3), ("b.jpg", 3)]
    assert Store(tmp_path).path(files[1].stored.sha256).read_bytes() == b"two"


def test_a_field_that_is_not_a_file_is_refused_by_name(tmp_path: Path):
    with pytest.raises(InvalidParameter, match="'recipe'"):
        take(tmp_path, part(b"one") + part(b"thumbnail", None, "recipe") + b"--edge--\r\n")
    assert files_below(tmp_path) == []


def test_a_known_field_arrives_beside_the_files(tmp_path: Path):
    for body in (part(b"one") + part(b"bulk", None, "lane"), part(b"bulk", None, "lane") + part(b"one")):
        received = taken(tmp_path, body + b"--edge--\r\n")
        assert (received.fields, [file.stored.bytes for file in received.files]) == ({"lane": "bulk"}, [3])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (part(b"bulk", None, "lane") * 2, "field lane twice"),
        (part(b"b" * 100_001, None, "lane"), "more than 100000 bytes"),
        (part(b"b" * 300_000, None, "lane"), "more than 100000 bytes"),
    ],
    ids=["twice", "too long", "much too long"],
)
def test_a_field_that_can_not_be_meant_is_refused(tmp_path: Path, fields: bytes, sentence: str):
    with pytest.raises(InvalidParameter, match=sentence):
        take(tmp_path, part(b"one") + fields + b"--edge--\r\n")
    assert files_below(tmp_path) == []


def test_content_that_looks_like_a_boundary_is_kept_whole(tmp_path: Path):
    seed = 20261122
    noise = random.Random(seed).randbytes(300_000) + b"\r\n--edg\r\n--edge" + b"x\r\n" * 50_000
    files = take(tmp_path, part(noise) + b"--edge--\r\n")
    assert Store(tmp_path).path(files[0].stored.sha256).read_bytes() == noise


def test_a_body_cut_off_anywhere_keeps_nothing(tmp_path: Path):
    whole = part(b"one" * 10) + part(b"two" * 10, "b.jpg") + b"--edge--\r\n"
    for length in range(len(whole)):
        with pytest.raises(DarkroomError) as error:
            take(tmp_path, whole[:length], Content_Length=str(len(whole)))
        assert isinstance(error.value, IncompleteUpload)
        assert files_below(tmp_path) == []


def test_a_chunked_body_cut_off_anywhere_keeps_nothing(tmp_path: Path):
    """Without a Content-Length only the closing boundary tells."""
    whole = part(b"one" * 10) + b"--edge--"
    for length in range(len(whole)):
        with pytest.raises(IncompleteUpload):
            take(tmp_path, whole[:length], Content_Length="")
        assert files_below(tmp_path) == []


def test_a_connection_that_breaks_keeps_nothing(tmp_path: Path):
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(size) or self.gone()

        def gone(self) -> bytes:
            raise ConnectionResetError

    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    with pytest.raises(IncompleteUpload, match="connection broke"):
        receive(Broken(part(b"one")), headers, Store(tmp_path), LIMITS, ())
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=edge"])
def test_another_content_type_is_refused(tmp_path: Path, kind: str):
    with pytest.raises(NotMultipart, match="send the files as multipart/form-data"):
        take(tmp_path, b"{}", Content_Type=kind)


def test_too_large_is_refused_before_a_byte_is_read(tmp_path: Path):
    with pytest.raises(UploadTooLarge, match=r"5,000,000 bytes or more; the limit is 1,000,000"):
        take(tmp_path, b"", Content_Length="5000000")


def test_too_large_is_refused_where_nothing_was_announced(tmp_path: Path):
    with pytest.raises(UploadTooLarge):
        take(tmp_path, part(b"x" * 2_000_000) + b"--edge--", Content_Length="")
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("length", ["-1", "1e3", "12 34", "٣"])
def test_a_content_length_that_is_no_number_is_refused(tmp_path: Path, length: str):
    with pytest.raises(MalformedUpload):
        take(tmp_path, b"", Content_Length=length)


def test_too_many_files_are_refused(tmp_path: Path):
    with pytest.raises(TooManyFiles, match="more than 3 files"):
        take(tmp_path, part(b"x") * 4 + b"--edge--")
    assert files_below(tmp_path) == []


@pytest.mark.parametrize(
    "body",
    [
        b"--edge\r\nNo-Disposition: x\r\n\r\nabc\r\n--edge--",
        part(b"content", "") + b"--edge--",
        b"--edge--\r\n" + b"x" * 600_000,
        b"--edge\r\nX: " + b"x" * 600_000,
    ],
    ids=["no disposition", "nameless file", "long epilogue", "long headers"],
)
def test_a_malformed_body_is_refused(tmp_path: Path, body: bytes):
    with pytest.raises(MalformedUpload):
        take(tmp_path, body)
    assert files_below(tmp_path) == []


def test_an_empty_file_field_of_a_browser_is_no_file(tmp_path: Path):
    assert take(tmp_path, part(b"", "") + b"--edge--") == []


def test_an_empty_file_with_a_name_is_a_file(tmp_path: Path):
    assert take(tmp_path, part(b"") + b"--edge--")[0].stored.bytes == 0
