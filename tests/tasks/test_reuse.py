"""What is there already is not made again: the same file with the same steps and settings, whatever the job."""

import io
import shutil
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import event

from app import jobs, reuse, totals
from app.database import reading, transaction
from app.imaging import engine
from app.models import ItemState, Lane, Output
from app.recipes import Recipe, parse
from app.steps import StepCache
from app.storage import Store
from tasks import bench
from tasks.process import Processor
from tests import rows
from tests.factories import photo, received

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


def recipe(width: int = 40, quality: int = 80, flip: bool = False, name: str = "mine") -> Recipe:
    steps: dict[str, Any] = {
        "small": {"op": "resize", "with": {"width": width}}, "tiny": {"op": "resize", "with": {"width": 10}},
    }  # fmt: skip
    if flip:
        steps["tiny"]["from"] = "flipped"
        steps["flipped"] = {"op": "flip"}
    return parse({
        "schema": 1, "name": name, "version": 1, "steps": steps,
        "outputs": {
            "a": {"from": "small", "formats": [{"webp": {"quality": quality}}]},
            "b": {"from": "tiny", "formats": ["webp"]},
        },
    })  # fmt: skip


@pytest.fixture
def made(processor: Processor, store: Store, monkeypatch: pytest.MonkeyPatch):
    """Submits a photo with a recipe and works on it; gives the item and which of its outputs are reused."""

    def make(which: Recipe, content: bytes | None = None) -> tuple[UUID, list[bool]]:
        monkeypatch.setattr("app.recipes.find", lambda *_: which)
        submission = jobs.submit([received(store, content=content)], store.has, recipe=which)
        processor.process(submission.due[0].id, "worker")
        item = rows.item(submission.due[0].id)
        assert item.state == ItemState.SUCCEEDED, item.error
        return item.id, [output.reused for output in item.outputs]

    return make


def test_the_same_again_is_there_at_once_and_whole(made, monkeypatch: pytest.MonkeyPatch):
    first, reused = made(recipe())
    assert reused == [False, False]
    monkeypatch.setattr(bench, "render", None)  # whoever calls it fails
    second, reused = made(recipe(name="another"))
    assert reused == [True, True]
    one, two = rows.item(first), rows.item(second)
    told = ("name", "filename", "sha256", "bytes", "media_type", "width", "height", "quality", "key")
    assert [[getattr(o, n) for n in told] for o in one.outputs] == [[getattr(o, n) for n in told] for o in two.outputs]
    assert one.data == two.data
    assert (two.asset.media_type, two.asset.width, two.asset.frames) == ("image/jpeg", 64, 1)


@pytest.mark.parametrize(
    ("change", "reused"),
    [({"quality": 70}, [False, True]), ({"width": 41}, [False, True]), ({"flip": True}, [True, False])],
    ids=str,
)
def test_only_what_a_change_touches_is_made_again(made, change: dict[str, Any], reused: list[bool]):
    made(recipe())
    assert made(recipe(**change))[1] == reused


def test_another_file_or_another_engine_shares_nothing(made, monkeypatch: pytest.MonkeyPatch):
    made(recipe())
    assert made(recipe(), photo(65, 48))[1] == [False, False]
    monkeypatch.setattr(engine, "version", lambda: "2/another-pillow")
    assert made(recipe())[1] == [False, False]


def test_what_was_deleted_is_made_again(made, store: Store):
    first, _ = made(recipe())
    item = rows.item(first)
    jobs.remove(item.job_id)
    assert made(recipe())[1] == [False, False]


def test_what_lost_its_file_is_made_again(made, store: Store):
    first, _ = made(recipe())
    store.remove(rows.item(first).outputs[0].sha256)
    second, reused = made(recipe())
    assert reused == [False, True]
    assert store.has(rows.item(second).outputs[0].sha256)


def test_a_limit_of_the_recipe_holds_for_a_file_that_is_known(made, processor: Processor, store: Store, monkeypatch):
    made(recipe())
    document = recipe().written | {"input": {"accept": ["image/png"]}}
    for limit, code in (({"accept": ["image/png"]}, "unsupported-file"), ({"max_bytes": 5}, "too-many-bytes"),
                        ({"max_megapixels": 0.001}, "too-many-pixels")):  # fmt: skip
        strict = parse(document | {"input": limit})
        monkeypatch.setattr("app.recipes.find", lambda *_, strict=strict: strict)
        [waiting] = jobs.submit([received(store)], store.has, recipe=strict).due
        processor.process(waiting.id, "worker")
        assert (rows.item(waiting.id).state, rows.item(waiting.id).error_code) == (ItemState.FAILED, code)


def test_the_placeholder_is_that_of_this_recipes_own_results(made):
    """A picture that is red in a corner and blue elsewhere, of which another recipe has taken the corner."""
    picture = Image.new("RGB", (120, 80), "#0000ff")
    picture.paste("#ff0000", (0, 0, 40, 40))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")

    def of(**crop: int) -> Recipe:
        outputs = {"whole": {"formats": ["png"]}}
        steps = {"part": {"op": "crop", "with": crop}} if crop else {}
        outputs |= {"part": {"from": "part", "formats": ["png"]}} if crop else {}
        return parse({"schema": 1, "name": "mine", "version": 1, "steps": steps, "outputs": outputs})

    corner, _ = made(of(left=0, top=0, width=20, height=20), buffer.getvalue())
    assert rows.item(corner).data["dominant_color"] == "#ff0000"
    whole, _ = made(of(), buffer.getvalue())
    assert rows.item(whole).data["dominant_color"] == "#0000ff"
    other, reused = made(of(left=90, top=50, width=20, height=20), buffer.getvalue())
    assert rows.item(other).data["dominant_color"] == "#0000ff"
    assert reused == [True, False]


def test_of_many_equal_results_one_row_is_read(made, context: Flask):
    item_id, _ = made(recipe())
    [first, _] = rows.item(item_id).outputs
    with transaction() as session:
        for position in range(30):
            session.add(Output(
                item_id=item_id, position=position + 2, attempt=1, name=f"again-{position}", filename="a.webp",
                sha256=first.sha256, media_type="image/webp", bytes=1, width=1, height=1, key=first.key,
            ))  # fmt: skip
    read: list[str] = []

    def count(*_: object) -> None:
        read.append("row")

    event.listen(Output, "load", count)
    try:
        assert set(reuse.single([str(first.key)], lambda _: True)) == {first.key}
    finally:
        event.remove(Output, "load", count)
    assert len(read) == 1


def sharpened(radius: float, encoder: str = "webp") -> Recipe:
    """Decodes a PNG, cuts it, sharpens it."""
    return parse({
        "schema": 1, "name": "mine", "version": 1,
        "steps": {
            "cut": {"op": "crop", "with": {"aspect_ratio": "1:1", "gravity": "attention"}},
            "sharp": {"op": "sharpen", "from": "cut", "with": {"sigma": radius}},
        },
        "outputs": {"a": {"from": "sharp", "formats": [encoder]}, "b": {"from": "cut", "formats": ["png"]}},
    })  # fmt: skip


@pytest.fixture
def efforts(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """What the work on each file took."""
    found: list[dict[str, int]] = []
    keep = bench.Bench._kept

    def look(self: bench.Bench, sha256: str, answer: dict[str, Any]) -> None:
        found.append(answer["effort"])
        keep(self, sha256, answer)

    monkeypatch.setattr(bench.Bench, "_kept", look)
    return found


@pytest.fixture
def tried(make_processor, steps: StepCache, store: Store, monkeypatch: pytest.MonkeyPatch):
    """Submits one PNG with a recipe and works on it, where steps are kept; gives the digests of the outputs."""
    content = photo(format_="PNG")

    def make(which: Recipe, lane: Lane = Lane.INTERACTIVE) -> list[str]:
        monkeypatch.setattr("app.recipes.find", lambda *_: which)
        [due] = jobs.submit([received(store, content=content)], store.has, lane, which).due
        make_processor(steps=steps).process(due.id, "worker")
        item = rows.item(due.id)
        assert item.state == ItemState.SUCCEEDED, item.error
        return [output.sha256 for output in item.outputs]

    return make


def test_a_change_of_the_last_step_costs_that_step_and_one_of_the_encoder_none(tried, efforts):
    for which in (sharpened(1), sharpened(2), sharpened(2, "jpeg")):
        tried(which)
    costs = [(effort["decodes"], effort["steps"], effort["steps_reused"]) for effort in efforts]
    assert costs == [(1, 2, 0), (0, 1, 1), (0, 0, 2)]


def test_what_begins_from_a_kept_step_comes_out_as_if_it_were_the_first(tried, steps: StepCache, store: Store):
    tried(sharpened(1))
    changed = tried(sharpened(2))
    for job in jobs.newest(10):
        jobs.remove(job.id)
    shutil.rmtree(steps._root)
    assert tried(sharpened(2)) == changed


def test_of_several_sizes_the_changed_one_comes_out_as_if_all_were_made(tried, efforts, steps: StepCache):
    """It is made from the next larger one then, and not from the file."""

    def sizes(smallest: int) -> Recipe:
        widths = {"large": 50, "middle": 31, "small": smallest}
        return parse({
            "schema": 1, "name": "mine", "version": 1,
            "steps": {name: {"op": "resize", "with": {"width": width}} for name, width in widths.items()},
            "outputs": {name: {"from": name, "formats": ["png"]} for name in widths},
        })  # fmt: skip

    tried(sizes(20))
    changed = tried(sizes(17))
    assert (efforts[-1]["decodes"], efforts[-1]["steps"]) == (0, 1)
    for job in jobs.newest(10):
        jobs.remove(job.id)
    shutil.rmtree(steps._root)
    assert tried(sizes(17)) == changed


def test_what_is_reused_is_counted(tried):
    for which in (sharpened(1), sharpened(2), sharpened(2, "jpeg"), sharpened(2, "jpeg")):
        tried(which)
    with reading() as session:
        counted = totals.read(session)
    names = ("decodes", "steps_done", "steps_reused", "outputs_made", "outputs_reused")
    assert [counted[name] for name in names] == [1, 3, 3, 4, 4]


def test_the_bulk_lane_keeps_no_step(tried, efforts, steps: StepCache):
    tried(sharpened(1), Lane.BULK)
    assert not steps._root.exists()
    tried(sharpened(2), Lane.BULK)
    assert [effort["decodes"] for effort in efforts] == [1, 1]


def test_a_limit_of_the_recipe_holds_where_nothing_is_decoded(tried, make_processor, steps, store, monkeypatch):
    tried(sharpened(1))
    strict = parse(sharpened(2).written | {"input": {"max_megapixels": 0.001}})
    monkeypatch.setattr("app.recipes.find", lambda *_: strict)
    [due] = jobs.submit([received(store, content=photo(format_="PNG"))], store.has, recipe=strict).due
    make_processor(steps=steps).process(due.id, "worker")
    assert rows.item(due.id).error_code == "too-many-pixels"
