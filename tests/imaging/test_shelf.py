"""A recipe that is changed at its end begins near its end; and no byte of what comes out is another for it."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from app.errors import DarkroomError, TooManyPixels
from app.imaging import encoders, fonts, operations, unfinished
from app.imaging.condition import Condition
from app.imaging.encoder import Encoder
from app.imaging.graph import Graph, Step
from app.imaging.operation import Operation
from app.imaging.outputs import Making, Output
from app.imaging.picture import Picture, of
from app.imaging.pipeline import Effort, Lent, Limits, Rendering, render
from app.imaging.shelf import SUFFIX, Shelf
from app.imaging.unfinished import Facts

from .conftest import LIMIT
from .documents import pdf, sheet
from .pictures import corners, exif, gradient, noise, plain, saved
from .profiles import P3, cmyk_profile, rgb_profile

PNG = encoders.found()["png"](effort=1)
JPEG = encoders.found()["jpeg"]()
ALL = ["icc", "orientation", "copyright", "exif", "xmp"]
LAB = Image.frombytes("LAB", (40, 30), bytes(range(250)) * 14 + bytes(100))


def with_alpha(size: tuple[int, int] = (60, 40)) -> Image.Image:
    image = corners(size)
    image.putalpha(gradient(size).getchannel("R"))
    return image


def film(pillow_format: str, *frames: Image.Image, **options: object) -> bytes:
    return saved(frames[0], pillow_format, save_all=True, append_images=frames[1:], duration=50, **options)


FRAMES = [gradient((60, 40)), corners((60, 40)), noise((60, 40))]
SOURCES: dict[str, bytes] = {
    "jpeg": saved(noise((131, 95)), "JPEG"),
    "jpeg-turned": saved(noise((131, 95)), "JPEG", exif=exif(6, tag_013B="Ada"), icc_profile=rgb_profile(P3, 2.2)),
    "jpeg-grey": saved(noise((61, 40)).convert("L"), "JPEG", exif=exif(7)),
    "cmyk": saved(corners().convert("CMYK"), "JPEG", icc_profile=cmyk_profile()),
    "png": saved(noise((70, 50)), "PNG", exif=exif(3, tag_8298="Ada")),
    "png-alpha": saved(with_alpha(), "PNG"),
    "png-grey-alpha": saved(with_alpha().convert("LA"), "PNG"),
    "png-palette": saved(gradient((60, 40)).quantize(20), "PNG", transparency=3),
    "png-16": saved(
        gradient((60, 40)).convert("L").convert("I").point(lambda value: value * 257).convert("I;16"), "PNG"
    ),
    "tiff-lab": saved(LAB, "TIFF"),
    "gif": film("GIF", *FRAMES, loop=3),
    "webp": film("WEBP", *FRAMES, lossless=True),
    "apng": film("PNG", FRAMES[0].convert("RGBA"), with_alpha(), FRAMES[2].convert("RGBA"), loop=2),
    "pdf": pdf([sheet((1, 0, 0)), sheet((0, 0, 1))]),
}


def step(name: str, op: str, source: str = "source", when: Condition | None = None, **settings: Any) -> Step:
    return Step(name, operation(op, **settings), source, when)


def operation(op: str, **settings: Any) -> Operation:
    kind = operations.found()[op]
    return kind.model_validate_json(json.dumps(settings or kind.example))


def making(*steps: Step, shown: list[str] | None = None, encoder: Encoder = PNG) -> Making:
    return Making(Graph(steps), tuple(Output(name, name, encoder) for name in shown or [steps[-1].name]))


class Kept:
    """Renders one file again and again, with what was kept before and without."""

    def __init__(self, folder: Path, data: bytes, accept: tuple[str, ...] | None = None) -> None:
        self.source = folder / "original"
        self.source.write_bytes(data)
        self._folder, self._count = folder, 0
        self.pictures: dict[str, Path] = {}
        self.limits = Limits(LIMIT, 500, accept=accept)

    def work(self, making: Making, largest: int = 10**9) -> tuple[Effort, list[bytes]]:
        rendering, scratch = self._rendered(making, Lent("a" * 64, self.pictures, largest))
        self.pictures |= {key: scratch / f"{key}{SUFFIX}" for key in rendering.new}
        assert set(rendering.used) <= set(self.pictures)
        return rendering.effort, [file.path.read_bytes() for file in rendering.files]

    def anew(self, making: Making) -> list[bytes]:
        """As if nothing had been there."""
        there, making = making.there, replace(making, there=frozenset())
        rendering, _ = self._rendered(making, None)
        return [file.path.read_bytes() for file in rendering.files if file.name not in there]

    def _rendered(self, making: Making, lent: Lent | None) -> tuple[Rendering, Path]:
        self._count += 1
        scratch = self._folder / f"scratch-{self._count}"
        scratch.mkdir()
        return render(self.source, making, scratch, self.limits, lent), scratch


@pytest.fixture
def keeping(tmp_path: Path) -> Callable[..., Kept]:
    return lambda data, **options: Kept(tmp_path, data, **options)


def test_a_change_of_the_last_step_costs_that_step(keeping):
    kept = keeping(SOURCES["png"])
    steps = step("cut", "crop", aspect_ratio="1:1", gravity="attention"), step("sharp", "sharpen", "cut")
    assert kept.work(making(*steps, step("last", "blur", "sharp", sigma=1)))[0] == Effort(1, 3, 0)
    changed = making(*steps, step("last", "blur", "sharp", sigma=2))
    effort, files = kept.work(changed)
    assert effort == Effort(0, 1, 2)
    assert files == kept.anew(changed)


def test_of_a_part_no_more_than_the_part_is_kept(keeping):
    kept = keeping(saved(noise((300, 200)), "PNG"))
    kept.work(making(step("part", "crop", left=40, top=30, width=20, height=20), step("last", "blur", "part", sigma=2)))
    whole = 300 * 200 * 3
    assert sorted(path.stat().st_size > whole for path in kept.pictures.values()) == [False, False]
    changed = making(step("part", "crop", left=40, top=30, width=20, height=20), step("last", "blur", "part", sigma=3))
    assert kept.work(changed) == (Effort(0, 1, 1), kept.anew(changed))


def test_a_font_that_was_replaced_is_another_font(keeping, tmp_path: Path):
    folder = tmp_path / "fonts"
    folder.mkdir()
    bundled = sorted(path for path in fonts.files() if path.suffix == ".ttf")
    kept, text = keeping(SOURCES["png"]), step("mark", "watermark", text="Darkroom", font="mine")
    try:
        for font in bundled[:2]:
            (folder / "mine.ttf").write_bytes(font.read_bytes())
            fonts.look_in(folder)
            assert kept.work(making(text))[0].steps == 1
    finally:
        fonts.look_in(fonts.SYSTEM)


@pytest.mark.parametrize("name", ["jpeg-turned", "png-alpha", "gif"])
def test_another_encoder_costs_no_step(keeping, name: str):
    kept = keeping(SOURCES[name])
    steps = step("small", "resize", width=30), step("sharp", "sharpen", "small")
    kept.work(making(*steps))
    for encoder in (encoders.found()["webp"](), encoders.found()["gif"](), encoders.found()["same"]()):
        effort, files = kept.work(making(*steps, encoder=encoder))
        assert effort == Effort(0, 0, 2)
        assert files == kept.anew(making(*steps, encoder=encoder))


@pytest.mark.parametrize("name", ["png", "jpeg"])
def test_one_of_several_sizes_costs_that_size(keeping, name: str):
    """Of a JPEG, too: it is made from the next larger one, as it would be if all were made."""
    kept = keeping(SOURCES[name])

    def sizes(smallest: int) -> Making:
        widths = {"large": 64, "middle": 40, "small": smallest}
        return making(*(step(name, "resize", width=width) for name, width in widths.items()), shown=[*widths])

    assert kept.work(sizes(20))[0] == Effort(1, 3, 0)
    changed = replace(sizes(21), there=frozenset({"large", "middle"}))
    effort, files = kept.work(changed)
    assert effort == Effort(0, 1, 2)
    assert len(files) == 1
    assert files == kept.anew(changed)


@pytest.mark.parametrize(("name", "decodes"), [("png", 0), ("webp", 0), ("jpeg", 1)])
def test_the_decoded_file_is_kept_where_decoding_takes_longer_than_reading(keeping, name: str, decodes: int):
    kept = keeping(SOURCES[name])
    kept.work(making(step("last", "blur", sigma=1)))
    assert kept.work(making(step("last", "blur", sigma=2)))[0] == Effort(decodes, 1, 0)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("op", operations.found())
def test_what_is_kept_loses_nothing(keeping, name: str, op: str):
    kept = keeping(SOURCES[name], accept=("application/pdf",) if name == "pdf" else None)
    keep, first = step("keep", "strip", keep=ALL), step("first", op, "keep")
    if op in ("crop", "watermark"):
        first = step("first", op, "keep", **({"aspect_ratio": "1:1"} if op == "crop" else {"text": "A"}))
    encoder = encoders.found()["gif" if name == "gif" else "png"]()
    kept.work(making(keep, first, step("last", "flip", "first"), encoder=encoder))
    assert kept.pictures
    for last in (step("last", "resize", "first", width=23), step("last", "rotate", "first", angle=20),
                 step("last", "crop", "first", aspect_ratio="3:2"), step("last", "colorspace", "first")):  # fmt: skip
        changed = making(keep, first, last, encoder=encoder)
        effort, files = kept.work(changed)
        assert files == kept.anew(changed)
        assert (effort.decodes, effort.steps) == (0, 1) or name.startswith(("jpeg", "cmyk")), effort


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_copied_is_copied_from_what_is_kept(keeping, name: str):
    kept = keeping(SOURCES[name], accept=("application/pdf",) if name == "pdf" else None)
    clean = making(step("clean", "strip", keep=["icc", "orientation"]), encoder=encoders.found()["same"]())
    kept.work(clean)
    effort, files = kept.work(clean)
    assert files == kept.anew(clean)
    if not name.startswith(("jpeg", "cmyk")):
        assert effort == Effort(0, 0, 1)


def test_a_coarser_decoding_serves_nobody_who_needs_a_finer_one(keeping):
    kept = keeping(saved(noise((640, 480)), "JPEG"))
    small = making(step("small", "resize", width=40), step("last", "blur", "small", sigma=1))
    kept.work(small)
    both = making(
        *small.graph.steps, step("large", "resize", width=600), step("last-large", "blur", "large", sigma=1),
        shown=["last", "last-large"],
    )  # fmt: skip
    effort, files = kept.work(both)
    assert effort.decodes == 1
    assert files == kept.anew(both)


def test_what_all_frames_have_left_is_not_what_the_first_one_has_left(keeping):
    frames = [plain(size=(60, 40), colour=(9, 9, 9)) for _ in range(2)]
    for frame, at in zip(frames, ((5, 5), (30, 20)), strict=True):
        frame.paste(noise((20, 15)), at)
    kept = keeping(film("WEBP", *frames, lossless=True))
    still = making(step("trimmed", "trim"), step("last", "flip", "trimmed"), encoder=JPEG)
    for recipe in (still, replace(still, outputs=(Output("film", "last", PNG),)), still):
        assert kept.work(recipe)[1] == kept.anew(recipe)


def test_the_same_resize_after_a_resize_and_beside_it_are_two(keeping):
    """Both are made from the larger one's pixels, but one is in proportion to the original."""
    kept = keeping(saved(noise((131, 95)), "PNG"))
    larger = step("larger", "resize", width=53)
    kept.work(making(larger, step("small", "resize", width=20), shown=["larger", "small"]))
    after = making(larger, step("small", "resize", "larger", width=20), shown=["larger", "small"])
    assert kept.work(after)[1] == kept.anew(after)


@pytest.mark.parametrize(("wider", "reused"), [(60, 1), (40, 2)], ids=["it does not hold", "it holds"])
def test_sizes_that_depend_on_what_is_seen_are_known_again(keeping, wider: int, reused: int):
    """50 pixels are left of 120; whether the resize applies, and to what, follows from that."""
    image = plain(size=(120, 90), colour=(9, 9, 9))
    image.paste(noise((50, 30)), (20, 30))
    kept = keeping(saved(image, "PNG"))
    trimmed, wide = step("trimmed", "trim"), Condition(width={"gt": wider})

    def recipe(last: Step) -> Making:
        return making(trimmed, step("small", "resize", "trimmed", wide, width=30), last)

    kept.work(recipe(step("last", "blur", "small", sigma=1)))
    effort, files = kept.work(recipe(step("last", "sharpen", "small")))
    assert effort == Effort(0, 1, reused)
    assert files == kept.anew(recipe(step("last", "sharpen", "small")))


OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    ("resize", {"width": 40}), ("resize", {"width": 20}), ("resize", {"height": 25, "fit": "inside", "width": 90}),
    ("resize", {"width": 30, "height": 30}), ("resize", {"width": 30, "height": 18, "fit": "contain"}),
    ("crop", {"aspect_ratio": "4:3"}), ("crop", {"width": 33, "height": 21, "gravity": "attention"}), ("trim", {}),
    ("blur", {"sigma": 1}), ("rotate", {"angle": 90}), ("rotate", {"angle": 7}), ("flip", {}), ("autorotate", {}),
    ("strip", {"keep": ALL}), ("strip", {"keep": ["icc"]}), ("colorspace", {"to": "display-p3"}), ("grayscale", {}),
    ("round_corners", {"radius": 5}), ("extend", {"left": 5}), ("flatten", {}),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_whatever_was_made_before_nothing_comes_out_otherwise(keeping, seed: int):
    """Recipes by chance, one after the other, from what all before them have left."""
    chance = random.Random(seed)
    image = plain(size=(131, 95), colour=(250, 250, 250))
    image.paste(noise((100, 60)), (14, 9))
    kinds = [
        saved(image, "JPEG", exif=exif(chance.randint(1, 8), tag_013B="Ada"), icc_profile=rgb_profile(P3, 2.2)),
        saved(image, "PNG"), SOURCES["apng"], SOURCES["png-alpha"],
    ]  # fmt: skip
    kept = keeping(kinds[seed % len(kinds)])
    for _ in range(6):
        recipe = by_chance(chance)
        assert kept.work(recipe)[1] == kept.anew(recipe)


def by_chance(chance: random.Random) -> Making:
    """Few different operations, so that much comes again."""
    conditions = [None, None, Condition(width={"gt": 35}), Condition(orientation="landscape")]
    names, steps = ["source"], list[Step]()
    for at in range(chance.randint(1, 5)):
        op, settings = chance.choice(OPERATIONS[: chance.choice([3, len(OPERATIONS)])])
        given = Step(f"s{at}", operations.found()[op].model_validate_json(json.dumps(settings)),
                     chance.choice(names[-2:]), chance.choice(conditions))  # fmt: skip
        steps.append(given)
        names.append(given.name)
    shown = sorted({names[-1], *chance.sample(names, chance.randint(1, len(names)))})
    encoder = chance.choice([PNG, encoders.found()["webp"](lossless=True, effort=0), encoders.found()["same"](), JPEG])
    there = frozenset(chance.sample(shown, chance.randint(0, len(shown) - 1)))
    return replace(making(*steps, shown=shown, encoder=encoder), there=there)


RECIPE = making(step("small", "resize", width=30), step("last", "blur", "small", sigma=1))
CHANGED = making(step("small", "resize", width=30), step("last", "blur", "small", sigma=2))


def damages() -> Iterator[Any]:
    """What a power cut, a bad disk or a forger may leave of a file."""

    def cut(data: bytes) -> bytes:
        return data[:-1]

    def empty(data: bytes) -> bytes:
        return b""

    def longer(data: bytes) -> bytes:
        return data + b"\0"

    def pixel(data: bytes) -> bytes:
        return data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]

    def zeros(data: bytes) -> bytes:
        return data[:-2000] + bytes(2000)

    def head(data: bytes) -> bytes:
        return data[:40] + bytes([data[40] ^ 1]) + data[41:]

    yield from (cut, empty, longer, pixel, zeros, head)


@pytest.mark.parametrize("damage", list(damages()), ids=lambda damage: damage.__name__)
def test_a_damaged_picture_counts_as_absent_and_is_replaced(keeping, damage: Callable[[bytes], bytes]):
    kept = keeping(SOURCES["png"])
    kept.work(RECIPE)
    for path in kept.pictures.values():
        path.write_bytes(damage(path.read_bytes()))
    effort, files = kept.work(CHANGED)
    assert effort == Effort(1, 2, 0)
    assert files == kept.anew(CHANGED)
    assert kept.work(CHANGED)[0] == Effort(0, 0, 2), "they are whole again"


@pytest.mark.parametrize(
    "lie",
    [{"size": (1 << 30, 1 << 30)}, {"size": (0, 5)}, {"modes": ["P"]}, {"modes": ["RGB"] * 9}, {"modes": []},
     {"box": (0.0, 0.0, 1e9, 1e9)}, {"box": (5.0, 5.0, 5.0, 9.0)}, {"box": (-3.0, 0.0, 9.0, 9.0)},
     {"stored": (1 << 20, 1 << 20)}, {"orientation": 9}, {"durations": [1, 2]}, {"blocks": (1 << 30, None, None)},
     {"blocks": (-1, None, None)}, {"key": "b" * 64}, {"keep": ["everything"]}, {"more": 1}],
    ids=str,
)  # fmt: skip
def test_a_forged_header_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: dict[str, Any]):
    """With every checksum right: a forger can count, too."""
    path, key = tmp_path / "forged", "a" * 64
    described = unfinished._described
    unfinished.write(path, of(noise((30, 20))), Facts(key=key, untouched=False, sizes={}))
    assert unfinished.opened(path, key).picture(LIMIT)  # type: ignore[union-attr]
    told = Facts(key=key, untouched=False, sizes={}).model_dump() | described(of(noise((30, 20)))) | lie
    monkeypatch.setattr(unfinished.Header, "model_dump_json", lambda _: json.dumps(told))
    unfinished.write(path, of(noise((30, 20))), Facts(key=key, untouched=False, sizes={}))
    monkeypatch.undo()
    there = unfinished.opened(path, key)
    assert there is None or there.picture(LIMIT) is None


@pytest.mark.parametrize("size", [(1, 1), (2**31 - 1, 2**31 - 1), (131, 94)])
def test_forged_sizes_of_what_was_before_lead_nowhere_else(keeping, size: tuple[int, int]):
    """The work is done from the file where what is kept does not fit to it."""
    kept = keeping(SOURCES["png"])
    trim = making(step("trimmed", "trim"), step("small", "resize", "trimmed", width=30), step("last", "flip", "small"))
    kept.work(trim)
    for key, path in kept.pictures.items():
        header = unfinished.opened(path, key)
        assert header
        picture = header.picture(LIMIT)
        assert picture
        unfinished.write(path, picture, Facts(key=key, untouched=False, sizes=dict.fromkeys(header.header.sizes, size)))
    changed = making(
        step("trimmed", "trim"), step("small", "resize", "trimmed", width=31), step("last", "flip", "small")
    )
    assert kept.work(changed)[1] == kept.anew(changed)
    with suppress(DarkroomError):  # made from what is forged: another picture, or none
        kept.work(making(*trim.graph.steps[:2], step("last", "blur", "small", sigma=3)))


def test_a_limit_holds_also_where_nothing_is_decoded(keeping):
    kept = keeping(SOURCES["png"])
    kept.work(RECIPE)
    kept.limits = Limits(1000, 500)
    with pytest.raises(TooManyPixels):
        kept.work(RECIPE)


def test_what_is_too_large_is_not_kept(keeping):
    kept = keeping(SOURCES["png"])
    kept.work(RECIPE, largest=30 * 21 * 3)
    assert len(kept.pictures) == 2, "the small ones"
    assert kept.work(CHANGED)[0] == Effort(0, 1, 1)


def test_a_disk_without_room_costs_nothing_but_the_keeping(keeping, monkeypatch: pytest.MonkeyPatch):
    kept = keeping(SOURCES["png"])

    def full(path: Path, picture: Picture, facts: Facts) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(unfinished, "write", full)
    assert kept.work(RECIPE)[1] == kept.anew(RECIPE)
    assert not kept.pictures
    assert not list(kept.source.parent.rglob(f"*{SUFFIX}"))


@pytest.mark.parametrize("loop", [2**32 - 1, 2**32])
def test_a_picture_that_can_not_be_told_is_nobodys_trouble(tmp_path: Path, loop: int):
    shelf = Shelf(Lent("a" * 64, {}, 10**9), tmp_path, LIMIT)
    shelf.put(replace(of(noise((9, 9))), loop=loop), Facts(key="b" * 64, untouched=False, sizes={}))
    assert len(shelf.new) == (loop < 2**32)


def test_the_next_engine_begins_anew(keeping, monkeypatch: pytest.MonkeyPatch):
    kept = keeping(SOURCES["png"])
    kept.work(RECIPE)
    monkeypatch.setattr("app.imaging.engine.version", lambda: "another")
    assert kept.work(RECIPE)[0] == Effort(1, 2, 0)


def test_a_damaged_original_counts_as_absent_too(keeping):
    kept = keeping(SOURCES["png"])
    flip, flop = making(step("last", "flip")), making(step("last", "flop"))
    kept.work(flip)
    for path in kept.pictures.values():
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert kept.work(flop) == (Effort(1, 1, 0), kept.anew(flop))


def test_every_page_has_its_own(keeping):
    kept = keeping(SOURCES["pdf"], accept=("application/pdf",))
    pages = replace(RECIPE, all_pages=True)
    assert kept.work(pages)[0] == Effort(2, 4, 0)
    effort, files = kept.work(replace(CHANGED, all_pages=True))
    assert effort == Effort(0, 2, 2)
    assert files == kept.anew(replace(CHANGED, all_pages=True))
    assert files[0] != files[1]
    assert kept.work(replace(CHANGED, dpi=100))[0] == Effort(1, 2, 0)
