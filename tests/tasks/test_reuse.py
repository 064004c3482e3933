"""What is there already is not made again: the same file with the same steps and settings, whatever the job."""

from typing import Any
from uuid import UUID

import pytest

from app import jobs
from app.imaging import engine
from app.models import ItemState
from app.recipes import Recipe, parse
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
