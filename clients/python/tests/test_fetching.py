"""`darkroom get`: whole files or none, none twice, none over another, none elsewhere."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from darkroom_client import Client, DamagedDownload, Job, Output
from darkroom_client.downloads import Folder, download, safe_name

from clients.python.tests.between import Answer, Between, cut_to
from clients.python.tests.conftest import Darkroom
from tests.factories import photo
from tests.system import System


@pytest.fixture(scope="module")
def job(system: System, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Four results; no test changes them."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(photo() + name.encode())
    with Client(str(system.http.base_url)) as client:
        job = client.wait(client.submit(sorted(folder.iterdir()), "thumbnail").id)
    assert len(job.outputs) == 4
    return job


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    folder.mkdir()
    return folder


def downloads(between: Between) -> list[Any]:
    return [seen for seen in between.seen if seen.path.startswith("/outputs/")]


def is_right(path: Path, output: Output) -> bool:
    return hashlib.sha256(path.read_bytes()).hexdigest() == output.sha256


def test_everything_is_fetched_once(darkroom: Darkroom, job: Job, there: Path, between: Between):
    for wanted in (4, 4):
        ended = darkroom("get", job.id, "-o", there)
        assert ended.code == 0
        assert len(downloads(between)) == wanted
    assert all(is_right(there / output.filename, output) for output in job.outputs)
    assert len(list(there.iterdir())) == 4
    assert ended.out.count("was there") == 4


def test_what_is_there_in_part_goes_on(darkroom: Darkroom, job: Job, there: Path, between: Between, client: Client):
    output = job.outputs[0]
    list(client.fetch(job, there))
    path = there / output.filename
    content = path.read_bytes()
    path.unlink()
    path.with_name(path.name + ".part").write_bytes(content[:100])
    between.seen.clear()
    assert darkroom("get", job.id, "-o", there).code == 0
    [seen] = downloads(between)
    assert (seen.headers["Range"], seen.headers["If-Range"]) == ("bytes=100-", f'"{output.sha256}"')
    assert seen.status == 206
    assert path.read_bytes() == content
    assert len(list(there.iterdir())) == 4


def test_a_connection_that_breaks_costs_only_what_is_missing(client: Client, job: Job, there: Path, between: Between):
    between.faults = [cut_to(100)]
    list(client.fetch(job, there))
    first, second = downloads(between)[:2]
    assert ("Range" in first.headers, second.headers["Range"]) == (False, "bytes=100-")
    assert all(is_right(there / output.filename, output) for output in job.outputs)


@pytest.mark.parametrize("length", [100, 1_000_000], ids=["shorter", "longer"])
def test_a_part_of_something_else_is_replaced(client: Client, job: Job, there: Path, length: int):
    output = job.outputs[0]
    (there / f"{output.filename}.part").write_bytes(os.urandom(length))
    list(client.fetch(job, there))
    assert is_right(there / output.filename, output)
    assert len(list(there.iterdir())) == 4


@pytest.mark.parametrize("status", [200, 416])
def test_a_server_without_ranges_gives_the_whole(client: Client, job: Job, there: Path, between: Between, status: int):
    output = job.outputs[0]
    (there / f"{output.filename}.part").write_bytes(b"part")

    def fault(seen, forward):
        del seen.headers["Range"]
        return forward() if status == 200 else Answer(416)

    between.faults = [fault]
    list(client.fetch(job, there))
    assert is_right(there / output.filename, output)


@pytest.mark.parametrize("body", [b"something else", b"x" * 10_000_000], ids=["shorter", "longer"])
def test_what_is_not_what_was_announced_is_not_kept(
    darkroom: Darkroom, job: Job, there: Path, between: Between, body: bytes
):
    between.faults = [lambda _, forward: forward(), lambda *_: Answer(200, {}, body)]
    ended = darkroom("get", job.id, "-o", there)
    assert ended.code == 1
    assert "did not arrive as the server describes it" in ended.err
    assert not list(there.iterdir())


def test_a_file_that_is_no_result_is_never_overwritten(darkroom: Darkroom, job: Job, there: Path, between: Between):
    mine = there / job.outputs[0].filename
    mine.write_bytes(b"mine")
    for _ in range(2):
        assert darkroom("get", job.id, "-o", there).code == 0
    assert mine.read_bytes() == b"mine"
    assert is_right(mine.with_stem(f"{mine.stem} (2)"), job.outputs[0])
    assert len(downloads(between)) == 4


def test_two_results_of_one_name_are_two_files(darkroom: Darkroom, client: Client, files: list[Path], there: Path):
    (there / "other").mkdir()
    twin = there / "other" / "a.jpg"
    twin.write_bytes(files[1].read_bytes())
    made = client.wait(client.submit([files[0], twin, files[0]], "thumbnail").id)
    for _ in range(2):
        ended = darkroom("get", made.id, "-o", there, "--json")
    got = json.loads(ended.out)["files"]
    assert {file["was_there"] for file in got} == {True}
    assert sorted(Path(file["path"]).name for file in got) == [
        "a-thumbnail (2).jpg", "a-thumbnail (2).webp", "a-thumbnail (3).jpg", "a-thumbnail (3).webp",
        "a-thumbnail.jpg", "a-thumbnail.webp",
    ]  # fmt: skip
    for file, output in zip(got, made.outputs, strict=True):
        assert is_right(Path(file["path"]), output)


def test_names_that_differ_only_in_what_a_disk_may_ignore_are_two(there: Path):
    output = Output("1", "n", "A.jpg", "image/jpeg", 1, None, None, "0" * 64, "/outputs/1")
    folder = Folder(there)
    names = [folder.place(replace(output, filename=name))[0].name for name in ("A.jpg", "a.jpg", "b.part", "b")]
    assert names == ["A.jpg", "a (2).jpg", "b.part", "b (2)"]


EVIL = [
    "../../evil.jpg", "/etc/evil.jpg", "..", ".", "", "C:\\evil.jpg", "..\\evil.jpg", "\0evil\n.jpg",
    "a/../../evil.jpg", "\u202egpj.evil", "x" * 5000 + ".jpg", "." * 300, "x." + "y" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("name", EVIL, ids=range(len(EVIL)))
def test_no_name_leads_out_of_the_folder(darkroom: Darkroom, job: Job, there: Path, between: Between, name: str):
    def renamed(seen, answer: Answer) -> Answer:
        if seen.path.startswith("/outputs/"):
            return answer
        document = json.loads(answer.body)
        for item in document["items"]:
            for output in item["outputs"]:
                output["filename"] = name
        return Answer(answer.status, {}, json.dumps(document).encode())

    between.always = renamed
    before = set(there.parent.iterdir())
    assert darkroom("get", job.id, "-o", there).code == 0
    assert set(there.parent.iterdir()) == before
    found = list(there.iterdir())
    assert len(found) == 4
    assert all(path.is_file() and path.name.isprintable() for path in found)


def test_a_name_that_is_well_stays():
    assert safe_name("Ünïcode ☃ (2).tar.gz") == "Ünïcode ☃ (2).tar.gz"


@pytest.mark.parametrize("suffix", ["", ".part"])
def test_a_link_that_is_there_is_not_written_through(darkroom: Darkroom, job: Job, there: Path, suffix: str):
    elsewhere = there.parent / "elsewhere"
    elsewhere.write_bytes(b"untouched")
    (there / f"{job.outputs[0].filename}{suffix}").symlink_to(elsewhere)
    ended = darkroom("get", job.id, "-o", there)
    assert elsewhere.read_bytes() == b"untouched"
    assert ended.code == (2 if suffix else 0)


@pytest.mark.usefixtures("paused")
def test_a_job_that_has_not_ended_gives_what_it_has(darkroom: Darkroom, files: list[Path], there: Path):
    made = json.loads(darkroom("submit", files[0], "--lane", "bulk", "--json").out)
    ended = darkroom("get", made["id"], "-o", there)
    assert ended.code == 1
    assert "0 of 1 files have ended" in ended.err


def test_a_folder_that_can_not_be_made_is_told(darkroom: Darkroom, job: Job, files: list[Path]):
    ended = darkroom("get", job.id, "-o", files[0] / "below")
    assert ended.code == 2
    assert "can not be written" in ended.err


def test_a_body_without_end_does_not_fill_the_disk(there: Path):
    output = Output("1", "n", "a.jpg", "image/jpeg", 1000, None, None, "0" * 64, "/outputs/1")
    taken: list[int] = []

    def endless() -> Iterator[bytes]:
        for number in range(1000):
            taken.append(number)
            yield bytes(600)

    @contextmanager
    def opened(_: dict[str, str]) -> Iterator[httpx.Response]:
        yield httpx.Response(200, content=endless())

    with pytest.raises(DamagedDownload):
        download(output, there / "a.jpg", opened)
    assert len(taken) == 2
    assert not list(there.iterdir())


def test_one_result_alone_raises_what_is_wrong_with_it(client: Client, job: Job, there: Path):
    wrong = replace(job.outputs[0], sha256="0" * 64)
    with pytest.raises(DamagedDownload):
        client.download(wrong, there / "x")
    assert not list(there.iterdir())
