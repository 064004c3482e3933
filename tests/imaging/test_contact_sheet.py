from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageFile
from pydantic import ValidationError

from app.errors import NotCollectable
from app.imaging.captions import drawable, shortened
from app.imaging.collector import Collected
from app.imaging.collectors.contact_sheet import ContactSheet
from app.imaging.picture import Picture
from app.imaging.pixels import decode
from tests.imaging.collecting import Pieces
from tests.imaging.pictures import BLUE, GREEN, RED, WHITE, corners, exif, noise, plain

PLAIN = {"captions": False, "gap": 10, "cell_width": 40, "cell_height": 30, "format": "png", "background": "#000000"}


def made(pieces: Pieces, **parameters: object) -> list[Collected]:
    return ContactSheet(**{**PLAIN, **parameters}).collect(pieces.pieces, pieces.folder)


def page(pieces: Pieces, **parameters: object) -> Image.Image:
    (only,) = made(pieces, **parameters)
    with Image.open(only.path) as image:
        image.load()
        assert (only.width, only.height) == image.size
        return image


def box_of(image: Image.Image, colour: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Around all pixels of exactly this colour."""
    difference = ImageChops.difference(image.convert("RGB"), Image.new("RGB", image.size, colour))
    red, green, blue = difference.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point([255] + [0] * 255).getbbox()


def test_pictures_stand_in_rows_in_the_order_of_the_job(pieces: Pieces):
    for colour in (RED, GREEN, BLUE, WHITE):
        pieces.add(plain(size=(40, 30), colour=colour))
    image = page(pieces, columns=3)
    assert image.size == (10 + 3 * 50, 10 + 2 * 40)
    assert box_of(image, RED) == (10, 10, 50, 40)
    assert box_of(image, GREEN) == (60, 10, 100, 40)
    assert box_of(image, BLUE) == (110, 10, 150, 40)
    assert box_of(image, WHITE) == (10, 50, 50, 80)


def test_a_picture_fits_into_its_cell_in_the_middle(pieces: Pieces):
    pieces.add(plain(size=(400, 100), colour=RED))
    pieces.add(plain(size=(100, 400), colour=GREEN))
    image = page(pieces, columns=2)
    assert box_of(image, RED) == (10, 20, 50, 30), "40 × 10, with 10 above and below"
    assert box_of(image, GREEN) == (60 + 16, 10, 60 + 24, 40), "7.5 is 8 wide"


def test_a_small_picture_is_not_enlarged(pieces: Pieces):
    pieces.add(plain(size=(1, 1), colour=RED))
    assert box_of(page(pieces), RED) == (10 + 20, 10 + 15, 31, 26)


def test_a_picture_as_long_as_can_be_is_a_line_of_one_pixel(pieces: Pieces):
    pieces.add(plain(size=(16_384, 1), colour=RED))
    image = page(pieces)
    left, top, right, bottom = box_of(image, RED)
    assert (left, right, bottom - top) == (10, 50, 1)


def test_what_does_not_fit_on_a_page_goes_on_the_next_one(pieces: Pieces):
    for _ in range(5):
        pieces.add(plain(size=(40, 30), colour=RED))
    pages = made(pieces, columns=2, rows=1)
    assert [one.name for one in pages] == ["contact-sheet-1", "contact-sheet-2", "contact-sheet-3"]
    assert {(one.width, one.height) for one in pages} == {(110, 50)}
    with Image.open(pages[2].path) as last:
        assert box_of(last.convert("RGB"), RED) == (10, 10, 50, 40)


def test_the_names_of_ten_pages_are_in_order(pieces: Pieces):
    for _ in range(10):
        pieces.add(plain(size=(2, 2)))
    names = [one.name for one in made(pieces, columns=1, rows=1)]
    assert names == sorted(names)
    assert names[0] == "contact-sheet-01"


@pytest.mark.parametrize("background", ["#000000", "transparent"])
def test_what_is_transparent_shows_the_ground(pieces: Pieces, background: str):
    pieces.add(plain("RGBA", (40, 30), (255, 0, 0, 128)))
    pixel = page(pieces, background=background).getpixel((30, 20))
    assert pixel == ((128, 0, 0) if background == "#000000" else (255, 0, 0, 128))


@pytest.mark.parametrize(("format_", "media_type", "extension"), [
    ("jpeg", "image/jpeg", "jpg"), ("png", "image/png", "png"), ("webp", "image/webp", "webp"),
])  # fmt: skip
def test_a_page_is_of_the_wanted_format(pieces: Pieces, format_: str, media_type: str, extension: str):
    pieces.add(corners())
    (only,) = made(pieces, format=format_)
    assert (only.media_type, only.extension, only.path.suffix) == (media_type, extension, f".{extension}")
    with Image.open(only.path) as image:
        assert image.format == format_.upper()


def test_a_turned_jpeg_stands_upright(pieces: Pieces):
    path = pieces.folder / "turned"
    corners((60, 40)).save(path, "JPEG", quality=98, subsampling=0, exif=exif(6))  # shown turned right: blue, red
    pieces.add_file(path, "photo.jpg", "image/jpeg", (40, 60))
    image = page(pieces, cell_width=40, cell_height=60)
    red, green, blue, _, _ = (image.getpixel(at) for at in ((40, 20), (40, 60), (20, 20), (20, 60), (0, 0)))
    assert all(abs(a - b) <= 8 for pair in zip((blue, red, green), (BLUE, RED, GREEN), strict=True)
               for a, b in zip(*pair, strict=True))  # fmt: skip


def test_every_kind_of_pixels_is_taken(pieces: Pieces):
    pieces.add(plain("L", (40, 30), 200))
    pieces.add(plain("LA", (40, 30), (200, 255)))
    pieces.add(plain("P", (40, 30), 0), pillow_format="GIF")
    frames = [plain(size=(40, 30), colour=colour) for colour in (RED, BLUE)]
    pieces.add(frames[0], pillow_format="WEBP", save_all=True, append_images=frames[1:])
    image = page(pieces, columns=4)
    assert image.getpixel((30, 20)) == image.getpixel((80, 20)) == (200, 200, 200)
    assert image.getpixel((180, 20)) == RED, "the first frame"


def test_captions_are_below_the_pictures_and_not_in_them(pieces: Pieces):
    pieces.add(plain(size=(40, 30), colour=RED), "a-name-that-is-much-longer-than-its-cell.jpg")
    pieces.add(plain(size=(40, 30), colour=RED), "b.jpg")
    image = page(pieces, columns=2, captions=True, caption_size=20, caption_color="#ffffff")
    assert image.size == (110, 10 + 30 + 30 + 10), "a line is one and a half times its letters high"
    assert box_of(image, RED) == (10, 10, 100, 40)
    for left in (10, 60):
        assert image.crop((left, 40, left + 40, 70)).getbbox(), "something is written there"
    for outside in ((0, 40, 10, 80), (50, 40, 60, 80), (100, 40, 110, 80), (0, 70, 110, 80)):
        assert image.crop(outside).getbbox() is None


def test_two_captions_have_one_baseline(pieces: Pieces):
    for caption in ("xxx", "xgx"):
        pieces.add(plain(size=(40, 30)), caption)
    image = page(pieces, columns=2, captions=True, caption_size=16, caption_color="#ffffff")
    first, second = (image.crop((left, 40, left + 40, 64)).convert("L") for left in (10, 60))
    x, mixed = first.getbbox(), second.getbbox()
    assert x[1] == mixed[1]
    assert x[3] < mixed[3]


@pytest.mark.parametrize("caption", ["a\nb\tc.jpg", "", "\u202egpj.exe", "照片.jpg", "🙂" * 200, "é" * 255])
def test_any_name_can_be_a_caption(pieces: Pieces, caption: str):
    pieces.add(plain(size=(4, 3)), caption)
    assert page(pieces, captions=True).size == (60, 10 + 30 + 21 + 10)


@pytest.mark.parametrize("text", ["фото", "εικόνα", "תמונה", "صورة", "चित्र", "ภาพ", "é", "a\u0301", "תמונה IMG_1"])
def test_captions_are_in_any_script_that_a_font_is_there_for(text: str):
    assert drawable(text) == text


@pytest.mark.parametrize(("text", "expected"), [
    ("a\ue000b", "a?b"), ("a\x00b", "a b"), ("\u202egpj.exe", "gpj.exe"), ("\u2067a\u2069", "a"), ("", ""),
])  # fmt: skip
def test_what_can_not_be_drawn_is_no_error(text: str, expected: str):
    assert drawable(text) == expected


def test_a_caption_is_in_the_middle_below_its_picture(pieces: Pieces):
    pieces.add(plain(size=(4, 3)), "HHH")
    image = page(pieces, captions=True, cell_width=200, gap=0, caption_color="#ffffff").convert("L")
    left, _, right, _ = image.crop((0, 30, 200, 51)).getbbox()
    assert abs(left - (200 - right)) <= 2


@pytest.mark.parametrize("control", ["\n", "\t", "\u2028"])
def test_a_caption_is_one_line(tmp_path: Path, control: str):
    pages = []
    for number, caption in enumerate((f"a{control}b", "a b")):
        (tmp_path / str(number)).mkdir()
        pieces = Pieces(tmp_path / str(number))
        pieces.add(plain(size=(4, 3)), caption)
        pages.append(page(pieces, captions=True, caption_color="#ffffff").tobytes())
    assert pages[0] == pages[1]


@pytest.mark.parametrize(("room", "expected"), [
    (30, "IMG_20240101_123456.jpg"), (23, "IMG_20240101_123456.jpg"), (22, "IMG_2024010…123456.jpg"),
    (7, "IMG…jpg"), (4, "IM…g"), (2, "I…"), (1, "…"), (0, ""),
])  # fmt: skip
def test_a_long_name_keeps_both_ends(room: int, expected: str):
    assert shortened("IMG_20240101_123456.jpg", lambda text: len(text) <= room) == expected


def test_a_letter_keeps_its_marks():
    name = "e\u0301" * 10
    for room in range(1, 20):
        left, _, right = shortened(name, lambda text, room=room: len(text) <= room).partition("…")
        assert not right.startswith("\u0301")
        assert left == "" or left.endswith("\u0301")


def test_a_file_that_is_no_image_is_named(pieces: Pieces):
    path = pieces.folder / "broken"
    path.write_bytes(b"nothing")
    pieces.add_file(path, "holiday.jpg", "image/jpeg", (40, 30))
    with pytest.raises(NotCollectable, match=r"holiday\.jpg \(image/jpeg, 40 × 30 pixels\) can not be read"):
        page(pieces)


def test_a_file_that_is_cut_off_is_named(pieces: Pieces):
    piece = pieces.add(noise(), "holiday.jpg", "JPEG")
    piece.path.write_bytes(piece.path.read_bytes()[:2000])
    with pytest.raises(NotCollectable, match=r"holiday\.jpg"):
        page(pieces)


def test_a_file_that_is_gone_is_the_machines_fault(pieces: Pieces):
    pieces.add(corners()).path.unlink()
    with pytest.raises(FileNotFoundError):
        page(pieces)


@pytest.mark.parametrize(("parameters", "reason"), [
    ({"columns": 50, "cell_width": 400}, "20,816 × 1,318 pixels; a side of a JPEG is at most 16,384"),
    ({"columns": 8, "cell_width": 2030, "format": "webp"}, "16,384 × 1,318 pixels; a side of a WebP is at most 16,383"),
    ({"columns": 30, "rows": 40}, "megapixels; at most 50 are made"),
    ({"format": "png", "quality": 80}, "png is lossless"),
    ({"background": "no colour"}, "no colour"),
    ({"columns": 0}, "greater than or equal to 1"),
    ({"column": 3}, "Extra inputs"),
    ({"columns": "3"}, "valid integer"),
])  # fmt: skip
def test_what_can_not_be_is_refused_with_a_reason(parameters: dict[str, object], reason: str):
    with pytest.raises(ValidationError, match=reason):
        ContactSheet(**parameters)


def test_a_jpeg_is_decoded_no_larger_than_its_cell_needs(pieces: Pieces, monkeypatch: pytest.MonkeyPatch):
    pieces.add(plain(size=(800, 600)), pillow_format="JPEG")
    decoded = []

    def seen(image: ImageFile.ImageFile, share: float) -> Picture:
        picture = decode(image, share)
        decoded.append(picture.frames[0].size)
        return picture

    monkeypatch.setattr("app.imaging.pieces.decode", seen)
    page(pieces)
    assert decoded == [(100, 75)], "an eighth, the smallest that libjpeg decodes at"
