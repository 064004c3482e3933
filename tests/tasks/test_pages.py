"""Files with several pages on their way through a worker: a result of each page, told apart by their names."""

import io
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image
from sqlalchemy import update

from app import jobs, recipes
from app.database import transaction
from app.imaging import engine
from app.imaging.limits import Limits
from app.models import Asset, Item, ItemState
from app.recipes import Recipe, parse
from app.storage import Store
from tasks import bench
from tasks.process import Processor
from tests import rows
from tests.factories import photo, received
from tests.imaging.documents import PdfSheet, pdf, sheet
from tests.test_architecture import ROOT

pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

COLOURS = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
THREE_PAGES = pdf([sheet(colour) for colour in COLOURS])
PDF_AND_TIFF = ["application/pdf", "image/tiff"]


def three_page_tiff() -> bytes:
    first, *others = (Image.new("RGB", (64, 48), colour) for colour in ("red", "lime", "blue"))
    buffer = io.BytesIO()
    first.save(buffer, "TIFF", save_all=True, append_images=others)
    return buffer.getvalue()


def recipe(width: int = 40, name: str | None = None, collect: dict[str, Any] | None = None, **more: Any) -> Recipe:
    return parse({
        "schema": 1, "name": "mine", "version": 1, "input": {"accept": PDF_AND_TIFF, "pages": "all"} | more,
        "steps": {"small": {"op": "resize", "with": {"width": width}},
                  "tiny": {"op": "resize", "with": {"width": 10}}},
        "outputs": {
            "page": {"from": "small", "formats": ["png"]} | ({"name": name} if name else {}),
            "tiny": {"from": "tiny", "formats": ["webp"]},
        },
        "collect": collect or {},
    })  # fmt: skip


@pytest.fixture
def made(make_processor: Callable[..., Processor], store: Store, monkeypatch: pytest.MonkeyPatch):
    """Submits a file with a recipe and works on it and on what is collected; gives the file's item."""
    current: dict[str, Recipe] = {}
    find = recipes.find
    monkeypatch.setattr(recipes, "find", lambda name, version: current.get(name) or find(name, version))

    def make(content: bytes, which: Recipe | None = None, name: str = "scan.pdf", max_pages: int = 100) -> Item:
        which = which or recipe()
        current[which.name] = which
        processor = make_processor(limits=Limits(10_000_000, 100, max_pages=max_pages))
        submission = jobs.submit([received(store, name, content)], store.has, recipe=which)
        for item in submission.job.items:
            processor.process(item.id, "worker")
        return rows.item(submission.due[0].id)

    return make


def colours(item: Item, store: Store, output: str) -> list[tuple[int, ...]]:
    """Of the results whose names begin so."""
    found = []
    for row in item.outputs:
        if row.name.startswith(output):
            with Image.open(store.path(row.sha256)) as image:
                found.append(image.convert("RGB").getpixel((3, 3)))
    return found


RED_GREEN_BLUE = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


@pytest.mark.parametrize("content", [THREE_PAGES, three_page_tiff()], ids=["pdf", "tiff"])
def test_every_page_has_its_results_page_by_page(made, store: Store, content: bytes):
    item = made(content)
    assert item.state == ItemState.SUCCEEDED, item.error
    assert [(row.name, row.filename, row.position) for row in item.outputs] == [
        ("page-png-p1", "scan-page-p1.png", 0), ("tiny-webp-p1", "scan-tiny-p1.webp", 1),
        ("page-png-p2", "scan-page-p2.png", 2), ("tiny-webp-p2", "scan-tiny-p2.webp", 3),
        ("page-png-p3", "scan-page-p3.png", 4), ("tiny-webp-p3", "scan-tiny-p3.webp", 5),
    ]  # fmt: skip
    assert colours(item, store, "page") == RED_GREEN_BLUE
    assert item.data["pages"] == {"made": 3, "of": 3}
    assert item.asset.frames == 3


def test_a_file_of_one_page_has_results_without_a_number(made):
    item = made(pdf([sheet(COLOURS[0])]), recipe(name="${stem} ${page}"))
    assert [(row.name, row.filename) for row in item.outputs] == [
        ("page-png", "scan 1.png"), ("tiny-webp", "scan-tiny.webp"),
    ]  # fmt: skip
    assert "pages" not in item.data


def test_a_template_says_where_the_number_of_the_page_goes(made):
    item = made(THREE_PAGES, recipe(name="${page} of ${stem}"))
    assert [row.filename for row in item.outputs][::2] == ["1 of scan.png", "2 of scan.png", "3 of scan.png"]


@pytest.mark.parametrize(("own", "limit", "count"), [(2, 100, 2), (20, 2, 2), (1, 100, 1)])
def test_of_too_many_pages_the_first_are_made_and_that_is_told(made, own: int, limit: int, count: int):
    item = made(THREE_PAGES, recipe(max_pages=own), max_pages=limit)
    assert item.state == ItemState.SUCCEEDED
    assert [row.name for row in item.outputs][::2] == [f"page-png-p{page}" for page in range(1, count + 1)]
    assert item.data["pages"] == {"made": count, "of": 3}


def test_a_recipe_for_pictures_makes_the_first_page_of_a_tiff_and_tells_that_there_are_more(made):
    item = made(three_page_tiff(), recipe(pages="first"))
    assert [row.name for row in item.outputs] == ["page-png", "tiny-webp"]
    assert item.data["pages"] == {"made": 1, "of": 3}


def test_the_default_recipe_refuses_a_pdf_and_names_the_one_to_take(made):
    item = made(THREE_PAGES, recipes.latest(recipes.DEFAULT))
    assert (item.state, item.error_code) == (ItemState.FAILED, "unsupported-file")
    assert item.error.startswith("scan.pdf: It is a PDF, and this recipe takes images. Take the recipe pdf-pages")


def test_the_built_in_recipe_makes_a_jpeg_and_a_thumbnail_of_each_page(made):
    item = made(pdf([PdfSheet(b"/MediaBox [0 0 595 842]")] * 2), recipes.latest("pdf-pages"))
    assert [(row.name, row.width, row.height) for row in item.outputs] == [
        ("page-jpeg-p1", 1600, 2264), ("thumbnail-webp-p1", 320, 453),
        ("page-jpeg-p2", 1600, 2264), ("thumbnail-webp-p2", 320, 453),
    ]  # fmt: skip


@pytest.fixture
def unable(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From then on, whoever renders anything fails."""
    return lambda: monkeypatch.setattr(bench, "render", None)


def reused(item: Item) -> list[bool]:
    assert item.state == ItemState.SUCCEEDED, item.error
    return [row.reused for row in item.outputs]


def test_the_same_again_is_there_at_once_for_every_page(made, unable: Callable[[], None]):
    first = made(THREE_PAGES)
    unable()
    second = made(THREE_PAGES, name="other.pdf")
    assert (reused(first), reused(second)) == ([False] * 6, [True] * 6)
    assert [row.sha256 for row in first.outputs] == [row.sha256 for row in second.outputs]
    assert [row.filename for row in second.outputs][::2] == [f"other-page-p{page}.png" for page in (1, 2, 3)]
    assert first.data == second.data
    assert second.asset.frames == 3


def test_what_a_change_does_not_touch_is_there_for_every_page(made, store: Store):
    made(THREE_PAGES)
    item = made(THREE_PAGES, recipe(width=41))
    assert reused(item) == [False, True] * 3
    assert colours(item, store, "page") == RED_GREEN_BLUE


def test_the_first_page_is_shared_with_a_recipe_for_pictures(made, unable: Callable[[], None]):
    made(THREE_PAGES)
    unable()
    item = made(THREE_PAGES, recipe(pages="first"))
    assert [(row.name, row.reused) for row in item.outputs] == [("page-png", True), ("tiny-webp", True)]
    assert item.data["pages"] == {"made": 1, "of": 3}


def test_pages_that_were_not_made_are_made_when_more_may_be(made, store: Store):
    made(THREE_PAGES, recipe(max_pages=2))
    item = made(THREE_PAGES)
    assert item.state == ItemState.SUCCEEDED
    assert colours(item, store, "page") == RED_GREEN_BLUE
    assert item.data["pages"] == {"made": 3, "of": 3}


def test_fewer_pages_are_there_at_once(made, unable: Callable[[], None]):
    made(THREE_PAGES)
    unable()
    item = made(THREE_PAGES, recipe(max_pages=2))
    assert (reused(item), item.data["pages"]) == ([True] * 4, {"made": 2, "of": 3})


def test_another_resolution_shares_nothing(made):
    made(THREE_PAGES)
    assert reused(made(THREE_PAGES, recipe(dpi=72))) == [False] * 6


def test_how_large_another_recipe_made_a_page_is_no_reason_to_refuse_it(made):
    first = made(THREE_PAGES, recipe(dpi=600))
    second = made(THREE_PAGES, recipe(dpi=72, max_megapixels=0.003))
    assert (first.asset.width, second.asset.width) == (600, 72), second.error
    assert reused(second) == [False] * 6
    again = made(THREE_PAGES, recipe(dpi=72))
    assert (reused(again), again.asset.width) == ([True] * 6, 72)


def test_a_part_that_another_recipes_page_was_too_small_for_is_cut_out_again(made):
    def cropping(tiny: int) -> Recipe:
        written = recipe(dpi=72).written
        small = {"op": "crop", "with": {"left": 40, "top": 0, "width": 20, "height": 30}}
        return parse(written | {"steps": {"small": small, "tiny": {"op": "resize", "with": {"width": tiny}}}})

    assert made(THREE_PAGES, recipe(dpi=36)).asset.width == 36
    assert reused(made(THREE_PAGES, cropping(10))) == [False] * 6
    assert reused(made(THREE_PAGES, cropping(11))) == [True, False] * 3


def test_the_placeholder_of_the_first_page_stays_whatever_is_made_again(made):
    """The last page is the smallest picture of all, and another one."""
    content = pdf([sheet(COLOURS[0], 72, 36), sheet(COLOURS[1], 72, 3)])
    first = made(content)
    second = made(content, recipe(width=41))
    assert reused(second) == [False, True] * 2
    assert first.data == second.data
    assert second.data["dominant_color"] == "#ff0000"


def test_pages_that_another_engine_did_not_see_are_made(made, store: Store, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as before:
        before.setattr(engine, "version", lambda: "1/another-pdfium")
        old = made(THREE_PAGES)
    with transaction() as session:
        session.execute(update(Asset).where(Asset.id == old.asset_id).values(frames=2))
    made(THREE_PAGES)
    item = made(THREE_PAGES)
    assert item.state == ItemState.SUCCEEDED, item.error
    assert colours(item, store, "page") == RED_GREEN_BLUE


def test_a_page_that_lost_its_file_is_made_again(made, store: Store):
    first = made(THREE_PAGES)
    store.remove(first.outputs[2].sha256)
    assert first.outputs[2].name == "page-png-p2"
    item = made(THREE_PAGES)
    assert reused(item) == [False, True] * 3
    assert colours(item, store, "page") == RED_GREEN_BLUE


def test_what_another_recipe_took_is_not_there_for_one_that_does_not_take_it(made):
    made(THREE_PAGES)
    item = made(THREE_PAGES, recipe(accept=["image/tiff"]))
    assert (item.state, item.error_code) == (ItemState.FAILED, "unsupported-file")
    assert "It is application/pdf; this recipe takes image/tiff" in item.error


def test_all_pages_are_collected_in_their_order(made, store: Store):
    collect = {"album": {"op": "pdf", "from": ["page-png"], "with": {"page": "fit", "margin": 0.0}}}
    item = made(THREE_PAGES, recipe(collect=collect))
    album = rows.job(item.job_id).items[1]
    assert album.state == ItemState.SUCCEEDED, album.error
    again = made(store.path(rows.item(album.id).outputs[0].sha256).read_bytes())
    assert colours(again, store, "page") == RED_GREEN_BLUE


def heic(claimed: int) -> bytes:
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (64, 48))).save(buffer)
    data = buffer.getvalue()
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", claimed, claimed) + data[at + 8 :]


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (pdf([PdfSheet(b"/MediaBox [0 0 14400 14400]")]), "too-many-pixels", "120000 × 120000 = 14400.0 megapixels"),
        (pdf([sheet(COLOURS[0])] * 2)[:-300], "damaged-file", "Send the complete file again"),
        (pdf([sheet(COLOURS[0])], trailer=b"/Encrypt << /Filter /Standard /V 9 /R 9 >>"), "unsupported-file", "encryp"),
        (pdf([]), "damaged-file", "0 pages"),
        (pdf([sheet(COLOURS[0])], count=100_000), "damaged-file", "Page 2: The PDF is damaged"),
        (heic(60_000), "too-many-pixels", "60000 × 60000 = 3600.0 megapixels"),
        (heic(100), "damaged-file", "HEIC"),
    ],
    ids=["huge page", "cut", "encrypted", "no page", "claimed pages", "huge heic", "wrong heic"],
)
def test_a_hostile_file_fails_once_with_a_sentence(made, content: bytes, code: str, words: str):
    item = made(content, recipe(accept=[*PDF_AND_TIFF, "image/heic"], dpi=600))
    assert (item.state, item.error_code, item.outputs, item.attempt) == (ItemState.FAILED, code, [], 1)
    assert words in item.error


def test_a_document_of_a_hundred_thousand_pages_is_made_as_far_as_it_may_be(made):
    item = made(pdf([sheet(COLOURS[0], 9, 9)] * 100_000), recipe(max_pages=3))
    assert (item.state, len(item.outputs)) == (ItemState.SUCCEEDED, 6)
    assert item.data["pages"] == {"made": 3, "of": 100_000}


def test_a_photo_of_a_phone_is_made_as_any_other(made, store: Store):
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.open(io.BytesIO(photo(640, 480)))).save(buffer)
    item = made(buffer.getvalue(), recipes.latest(recipes.DEFAULT), name="IMG_0001.HEIC")
    assert item.state == ItemState.SUCCEEDED, item.error
    assert (item.asset.media_type, item.asset.width, item.asset.frames) == ("image/heic", 640, 1)
    assert "IMG_0001-320.jpg" in [row.filename for row in item.outputs]


def test_documents_are_read_in_one_child_after_the_other_and_never_in_the_process_that_forks_them(tmp_path: Path):
    """PDFium is no library to have begun before a fork; here it is begun anew in each child."""
    (tmp_path / "document").write_bytes(THREE_PAGES)
    program = """if True:
        import sys
        from dataclasses import asdict
        from pathlib import Path
        from app import recipes
        from app.imaging.limits import Limits
        from app.imaging.pipeline import render
        from tasks import work
        folder, recipe = Path(sys.argv[1]), recipes.load(Path(sys.argv[2]).read_text())
        limits = recipe.limits(Limits(10_000_000, 100))
        for _ in range(10):
            made = work.run(
                lambda: asdict(render(folder / "document", recipe.making(), folder, limits)), lambda: None, 60
            )
            assert len(made["files"]) == 6, made
        print([name for name in sys.modules if name.startswith("pypdfium2")])
    """
    built_in = ROOT / "app/recipes/built_in/pdf-pages-1.yaml"
    command = [sys.executable, "-c", program, str(tmp_path), str(built_in)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout == "[]\n"
