import json
import random
import re

import pytest
from PIL import Image
from pydantic import ValidationError

from app.errors import NotCollectable
from app.imaging.collectors.sprite import Sprite, slug
from app.imaging.naming import unique
from app.imaging.packing import packed
from tests.imaging.collecting import Pieces
from tests.imaging.pictures import BLUE, GREEN, RED, exif, gradient, plain


class Made:
    def __init__(self, pieces: Pieces, **parameters: object) -> None:
        self.files = Sprite(**parameters).collect(pieces.pieces, pieces.folder)
        picture, self.json_file, self.css_file = self.files
        with Image.open(picture.path) as image:
            image.load()
            self.image = image
        assert (picture.width, picture.height) == image.size
        self.map = json.loads(self.json_file.path.read_text(encoding="utf-8"))
        self.css = self.css_file.path.read_text(encoding="utf-8")

    def cut(self, name: str) -> Image.Image:
        at = self.map["sprites"][name]
        return self.image.crop((at["x"], at["y"], at["x"] + at["width"], at["y"] + at["height"]))


def test_every_picture_is_where_the_map_says_pixel_by_pixel(pieces: Pieces):
    originals = {"a": gradient((30, 20)), "b": gradient((7, 41)), "c": gradient((1, 1)), "d": gradient((90, 3))}
    for name, image in originals.items():
        pieces.add(image, f"{name}.png")
    made = Made(pieces)
    assert list(made.map["sprites"]) == ["a", "b", "c", "d"]
    for name, image in originals.items():
        assert made.cut(name).convert("RGB").tobytes() == image.tobytes()
    assert (made.map["width"], made.map["height"]) == made.image.size


def test_pictures_of_one_size_make_a_grid(pieces: Pieces):
    for number in range(9):
        pieces.add(plain(size=(10, 10), colour=(number, 0, 0)), f"{number}.png")
    made = Made(pieces, gap=2)
    assert made.image.size == (34, 34)
    assert [(at["x"], at["y"]) for at in made.map["sprites"].values()] == [
        (x, y) for y in (0, 12, 24) for x in (0, 12, 24)
    ]


def test_transparency_is_kept(pieces: Pieces):
    pieces.add(plain("RGBA", (4, 4), (255, 0, 0, 77)), "a.png")
    pieces.add(plain("RGBA", (4, 4), (0, 0, 0, 0)), "b.png")
    made = Made(pieces)
    assert made.cut("a").getpixel((2, 2)) == (255, 0, 0, 77)
    assert made.cut("b").getpixel((2, 2))[3] == 0


def test_between_the_pictures_is_the_background(pieces: Pieces):
    for name in "abcd":
        pieces.add(plain(size=(4, 4), colour=RED), f"{name}.png")
    assert Made(pieces, gap=3).image.getpixel((5, 1)) == (0, 0, 0, 0)
    assert Made(pieces, gap=3, background="#0000ff").image.getpixel((5, 1)) == BLUE


def test_the_names_of_the_three_files_fit_each_other(pieces: Pieces):
    pieces.add(plain(), "a.png")
    made = Made(pieces, format="webp")
    assert [(one.name, one.extension, one.media_type) for one in made.files] == [
        ("sprite", "webp", "image/webp"), ("sprite", "json", "application/json"), ("sprite", "css", "text/css"),
    ]  # fmt: skip
    assert made.map["image"] == "sprite.webp"
    assert 'url("sprite.webp")' in made.css
    assert (made.json_file.width, made.css_file.height) == (None, None)


def test_the_css_shows_what_the_map_says(pieces: Pieces):
    for name, size in {"a": (10, 5), "b": (20, 30)}.items():
        pieces.add(plain(size=size), f"{name}.png")
    made = Made(pieces)
    for at in made.map["sprites"].values():
        rule = (
            rf"\.{at['class']} {{ width: {at['width']}px; height: {at['height']}px;"
            rf" background-position: -?{at['x']}px -?{at['y']}px; }}"
        )
        (found,) = re.findall(rule, made.css)
        assert f"position: {-at['x']}px {-at['y']}px" in found


def test_pictures_of_one_name_are_told_apart(pieces: Pieces):
    for caption in ("a.png", "a.jpg", "a-2.png", "A.png", "a.webp"):
        pieces.add(plain(size=(2, 2)), caption)
    made = Made(pieces)
    assert list(made.map["sprites"]) == ["a", "a-3", "a-2", "A", "a-4"]
    classes = [at["class"] for at in made.map["sprites"].values()]
    assert classes == ["sprite-a", "sprite-a-3", "sprite-a-2", "sprite-a-5", "sprite-a-4"]


@pytest.mark.parametrize(("name", "expected"), [
    ("photo", "photo"), ("IMG_2024 (1)", "img-2024-1"), ("照片", "照片"), ("фото", "фото"), ("été", "été"),
    ("हिन्दी", "हिन्दी"), ("🙂", "picture"), ("", "picture"), ("}*{color:red}", "color-red"), ("a/*b*/", "a-b"),
    ("</style><script>", "style-script"), ("ª½", "a1-2"), ("x\u200b\u202ey", "x-y"), ('"\\', "picture"),
    ("--", "picture"), ("9", "9"), ("❶", "picture"), ("\ud7ff\ufffe", "picture"), ("\U00010400", "\U00010428"),
])  # fmt: skip
def test_any_name_makes_a_safe_class(name: str, expected: str):
    assert slug(name) == expected


def test_no_name_breaks_out_of_a_class():
    allowed = re.compile(r"[a-z0-9À-\U0010ffff-]+")
    for code in [*range(0x3000), 0xFFFE, 0xFEFF, 0x1F642, 0xE0001, 0x10FFFF]:
        found = slug(chr(code))
        assert allowed.fullmatch(found), hex(code)
        assert found.isprintable() or code > 0x7F, hex(code)


def test_a_turned_picture_stands_upright(pieces: Pieces):
    path = pieces.folder / "turned"
    image = plain(size=(8, 16), colour=RED)
    image.paste(GREEN, (0, 0, 8, 8))
    image.save(path, "PNG", exif=exif(3))
    pieces.add_file(path, "a.png", "image/png", (8, 16))
    assert Made(pieces).cut("a").convert("RGB").getpixel((4, 4)) == RED


def test_a_picture_of_another_size_than_recorded_is_refused(pieces: Pieces):
    piece = pieces.add(plain(size=(8, 8)))
    pieces.pieces.clear()
    pieces.add_file(piece.path, "holiday.png", "image/png", (9, 8))
    with pytest.raises(NotCollectable, match=r"holiday\.png is 8 × 8 pixels, and was recorded as 9 × 8"):
        Made(pieces)


@pytest.mark.parametrize(("count", "size", "format_", "reason"), [
    (1, (16_385, 1), "png", "16,385 × 1 pixels; a side of a PNG is at most 16,384"),
    (1, (16_384, 1), "webp", "a side of a WebP is at most 16,383"),
    (51, (1000, 1000), "png", "megapixels; at most 50 are made"),
])  # fmt: skip
def test_more_than_fits_is_refused_before_anything_is_opened(
    pieces: Pieces, count: int, size: tuple[int, int], format_: str, reason: str
):
    for number in range(count):
        pieces.add_file(pieces.folder / "nothing", f"{number}.png", "image/png", size)
    with pytest.raises(NotCollectable, match=reason) as refused:
        Sprite(format=format_).collect(pieces.pieces, pieces.folder)
    assert f"these {count} pictures" in str(refused.value)


def test_png_has_no_quality():
    with pytest.raises(ValidationError, match="png is lossless"):
        Sprite(quality=80)


def test_nothing_overlaps_and_everything_is_on_the_sheet():
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(50):
        gap = chance.randrange(4)
        sizes = [(chance.randint(1, 40), chance.randint(1, 40)) for _ in range(chance.randint(1, 40))]
        (width, height), places = packed(sizes, gap)
        boxes = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(places, sizes, strict=True)]
        assert max(box[2] for box in boxes) == width
        assert max(box[3] for box in boxes) == height
        for at, (left, top, right, bottom) in enumerate(boxes):
            assert left >= 0 <= top
            for other in boxes[:at]:
                apart = other[2] + gap <= left or right + gap <= other[0]
                assert apart or other[3] + gap <= top or bottom + gap <= other[1]
        assert packed(sizes, gap) == ((width, height), places), "the same every time"


def test_unique_names_are_unique_and_first_comers_keep_theirs():
    names = ["b", "a", "a", "a (2)", "a", "b"]
    assert unique(names, lambda name, number: f"{name} ({number})") == ["b", "a", "a (3)", "a (2)", "a (4)", "b (2)"]
    many = unique(["x"] * 10_000, lambda name, number: f"{name}-{number}")
    assert many[-1] == "x-10000"
    assert len(set(many)) == 10_000
