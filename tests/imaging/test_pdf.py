"""What PDFium, the reader in Chrome, finds in the documents."""

import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageCms, ImageOps
from pydantic import ValidationError
from pypdfium2 import raw

from app.errors import NotCollectable
from app.imaging import colours
from app.imaging.collectors.pdf import Pdf
from app.imaging.pdf_writer import PdfImage, PdfWriter, Place
from tests.imaging.collecting import Pieces
from tests.imaging.pictures import BLUE, GREEN, RED, WHITE, corners, exif, gradient, noise, plain

MM = 72 / 25.4


def made(pieces: Pieces, **parameters: object) -> Path:
    (only,) = Pdf(**parameters).collect(pieces.pieces, pieces.folder)
    assert (only.name, only.extension, only.media_type) == ("document", "pdf", "application/pdf")
    assert (only.width, only.height) == (None, None)
    return only.path


@contextmanager
def opened(path: Path) -> Iterator[pypdfium2.PdfDocument]:
    with closing(pypdfium2.PdfDocument(path)) as document:
        yield document


def rendered(path: Path, page: int = 0, scale: float = 1.0) -> Image.Image:
    with opened(path) as document:
        return document[page].render(scale=scale).to_pil().convert("RGB")


def images_of(path: Path, page: int = 0) -> list[tuple[list[str], bytes]]:
    """The filters and the encoded bytes of each image on the page."""
    with opened(path) as document:
        found = document[page].get_objects([raw.FPDF_PAGEOBJ_IMAGE])
        return [(image.get_filters(), bytes(image.get_data(decode_simple=False))) for image in found]


def box_of(path: Path, page: int = 0) -> tuple[float, ...]:
    """Left, bottom, right, top of the one image, in points."""
    with opened(path) as document:
        (image,) = document[page].get_objects([raw.FPDF_PAGEOBJ_IMAGE])
        return image.get_bounds()


def test_every_picture_has_a_page_in_the_order_of_the_job(pieces: Pieces, near: Callable[..., bool]):
    for colour, pillow_format in ((RED, "JPEG"), (GREEN, "PNG"), (BLUE, "WEBP"), (RED, "GIF"), (GREEN, "AVIF")):
        pieces.add(plain(size=(30, 30), colour=colour), pillow_format=pillow_format)
    path = made(pieces)
    with opened(path) as document:
        assert len(document) == 5
    for page, colour in enumerate((RED, GREEN, BLUE, RED, GREEN)):
        assert near(rendered(path, page).getpixel((297, 420)), colour) or near(
            rendered(path, page).getpixel((421, 297)), colour
        )


def test_a_jpeg_goes_in_byte_by_byte(pieces: Pieces):
    for options in ({}, {"progressive": True}):
        piece = pieces.add(noise(), pillow_format="JPEG", **options)
        path = made(pieces)
        assert images_of(path, len(pieces.pieces) - 1) == [(["DCTDecode"], piece.path.read_bytes())]


def test_a_grey_jpeg_goes_in_as_it_is(pieces: Pieces, near: Callable[..., bool]):
    piece = pieces.add(plain("L", (30, 30), 90), pillow_format="JPEG")
    path = made(pieces)
    assert images_of(path) == [(["DCTDecode"], piece.path.read_bytes())]
    assert near(rendered(path).getpixel((297, 420)), (90, 90, 90))


def test_a_cmyk_jpeg_becomes_rgb(pieces: Pieces, near: Callable[..., bool]):
    pieces.add(plain("CMYK", (30, 30), (0, 255, 255, 0)), pillow_format="JPEG")
    assert near(rendered(made(pieces)).getpixel((297, 420)), RED)


def test_a_png_stays_as_it_is_to_the_pixel(pieces: Pieces):
    picture = noise((64, 48))
    pieces.add(picture, pillow_format="PNG")
    path = made(pieces, page="fit", margin=0.0, dpi=72)
    ((filters, _),) = images_of(path)
    assert filters == ["FlateDecode"]
    assert rendered(path).tobytes() == picture.tobytes()


def test_what_is_transparent_is_white_paper(pieces: Pieces, near: Callable[..., bool]):
    for pillow_format in ("PNG", "WEBP"):
        pieces.add(plain("RGBA", (40, 40), (255, 0, 0, 128)), pillow_format=pillow_format)
        pieces.add(plain("RGBA", (40, 40), (0, 0, 0, 0)), pillow_format=pillow_format)
    path = made(pieces, page="fit", margin=0.0, dpi=72)
    for page, colour in enumerate([(255, 127, 127), WHITE] * 2):
        assert near(rendered(path, page).getpixel((20, 20)), colour)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_jpeg_stands_upright_and_is_not_encoded_again(
    pieces: Pieces, near: Callable[..., bool], orientation: int
):
    file = pieces.folder / "turned"
    corners((60, 40)).save(file, "JPEG", quality=98, subsampling=0, exif=exif(orientation))
    with Image.open(file) as image:
        expected = ImageOps.exif_transpose(image)
    pieces.add_file(file, "photo.jpg", "image/jpeg", expected.size)
    path = made(pieces, page="fit", margin=0.0, dpi=72)
    page = rendered(path)
    assert page.size == expected.size
    width, height = expected.size
    for at in ((5, 5), (width - 5, 5), (5, height - 5), (width - 5, height - 5)):
        assert near(page.getpixel(at), expected.getpixel(at), 10), (orientation, at)
    assert images_of(path) == [(["DCTDecode"], file.read_bytes())]


def test_the_colours_of_a_profile_are_kept(pieces: Pieces):
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for _ in range(3):
        pieces.add(plain(colour=RED), pillow_format="JPEG", icc_profile=lab)
    pieces.add(plain(colour=RED), pillow_format="JPEG", icc_profile=b"broken")
    pieces.add(plain(colour=RED), pillow_format="JPEG", icc_profile=b"broken".ljust(16) + b"RGB ".ljust(112))
    pieces.add(plain("L"), pillow_format="JPEG", icc_profile=lab)
    content = made(pieces).read_bytes()
    assert content.count(b"/N 3 ") == 1, "one profile for all"
    assert content.count(b"/ICCBased") == 3
    assert lab in content
    assert b"/N 1 " not in content, "an RGB profile says nothing about grey"


def test_a_wide_gamut_is_shown_as_littlecms_converts_it(pieces: Pieces, near: Callable[..., bool]):
    wide = Path(colours.__file__).with_name("display-p3.icc").read_bytes()
    picture = plain(colour=(200, 100, 50))
    pieces.add(picture, pillow_format="JPEG", icc_profile=wide)
    srgb = ImageCms.profileToProfile(picture, io.BytesIO(wide), ImageCms.createProfile("sRGB"))
    shown = rendered(made(pieces, page="fit", margin=0.0, dpi=72)).getpixel((20, 15))
    assert near(shown, srgb.getpixel((0, 0)), 3)
    assert not near(shown, (200, 100, 50), 3)


def test_every_object_is_where_the_table_says(pieces: Pieces):
    for pillow_format in ("JPEG", "PNG"):
        pieces.add(gradient(), pillow_format=pillow_format)
    content = made(pieces).read_bytes()
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", content)[1])
    table = content[start:].split(b"\n")
    assert table[0] == b"xref"
    count = int(table[1].split()[1])
    assert f"/Size {count} ".encode() in content[start:]
    for number, entry in enumerate(table[3 : 2 + count], 1):
        assert len(entry) == 19
        assert content[int(entry[:10]) :].startswith(b"%d 0 obj\n" % number)
    assert content.count(b" 0 obj\n") == count - 1


@pytest.mark.parametrize(("page", "expected"), [("a4", (210, 297)), ("letter", (215.9, 279.4))])
@pytest.mark.parametrize(("size", "orientation", "wide"), [
    ((40, 30), "auto", True), ((30, 40), "auto", False), ((30, 30), "auto", False),
    ((40, 30), "portrait", False), ((30, 40), "landscape", True),
])  # fmt: skip
def test_the_paper_lies_as_it_should(
    pieces: Pieces, page: str, expected: tuple[float, float], size: tuple[int, int], orientation: str, wide: bool
):
    pieces.add(plain(size=size))
    with opened(made(pieces, page=page, orientation=orientation)) as document:
        found = document[0].get_size()
    assert found == pytest.approx([side * MM for side in (expected[::-1] if wide else expected)], abs=0.01)


def test_a_large_picture_fills_the_paper_up_to_the_margin(pieces: Pieces):
    pieces.add(plain(size=(3000, 3000)), pillow_format="JPEG")
    left, bottom, right, top = box_of(made(pieces, margin=20.0, dpi=100))
    assert (left, right) == pytest.approx((20 * MM, 190 * MM), abs=0.01)
    assert (bottom, top) == pytest.approx((63.5 * MM, 233.5 * MM), abs=0.01), "170 mm high, in the middle of 297"


def test_a_small_picture_is_as_large_as_its_pixels_are(pieces: Pieces):
    pieces.add(plain(size=(300, 150)))
    left, bottom, right, top = box_of(made(pieces, dpi=300, orientation="portrait"))
    assert (right - left, top - bottom) == pytest.approx((72, 36), abs=0.01), "one inch by half an inch"
    assert (left + right, bottom + top) == pytest.approx((210 * MM, 297 * MM), abs=0.02)


def test_a_fit_page_is_the_picture_and_its_margin(pieces: Pieces):
    pieces.add(plain(size=(300, 150)))
    path = made(pieces, page="fit", margin=25.4, dpi=300)
    with opened(path) as document:
        assert document[0].get_size() == pytest.approx((72 * 3, 36 + 144), abs=0.01)
    assert box_of(path) == pytest.approx((72, 72, 144, 108), abs=0.01)


def test_a_picture_of_one_pixel_has_a_page_that_readers_take(pieces: Pieces):
    pieces.add(plain(size=(1, 1), colour=RED))
    with opened(made(pieces, page="fit", margin=0.0, dpi=1200)) as document:
        assert document[0].get_size() == (3, 3)


def test_a_page_longer_than_readers_take_is_refused_with_a_way_out(pieces: Pieces):
    pieces.add(plain(size=(1, 1)))
    pieces.add(plain(size=(14_401, 1)), "skyline.png")
    with pytest.raises(
        NotCollectable, match=r"Page 2, of skyline\.png, .*14,401 pixels at 72 dpi.*5,080 mm"
    ) as refused:
        made(pieces, page="fit", margin=0.0, dpi=72)
    assert "Ask for more dpi" in str(refused.value)


@pytest.mark.parametrize(("parameters", "reason"), [
    ({"page": "fit", "orientation": "landscape"}, "page fit has the shape of each picture"),
    ({"page": "a5"}, "'a4', 'letter' or 'fit'"), ({"margin": 101.0}, "less than or equal to 100"), ({"dpi": 0}, "36"),
])  # fmt: skip
def test_what_can_not_be_is_refused_with_a_reason(parameters: dict[str, object], reason: str):
    with pytest.raises(ValidationError, match=reason):
        Pdf(**parameters)


def test_a_file_that_is_no_image_is_named(pieces: Pieces):
    file = pieces.folder / "broken"
    file.write_bytes(b"%PDF-1.7")
    pieces.add_file(file, "holiday.jpg", "image/jpeg", (4, 4))
    with pytest.raises(NotCollectable, match=r"holiday\.jpg .* can not be read"):
        made(pieces)


def test_a_thousand_pages_are_written_without_keeping_any(pieces: Pieces):
    piece = pieces.add(noise((400, 300)), pillow_format="JPEG")
    pieces.pieces *= 1000

    class Forgets:
        largest = 0

        def write(self, data: bytes) -> None:
            self.largest = max(self.largest, len(data))

    size, forgets = piece.path.stat().st_size, Forgets()
    alive = 0

    def data() -> Iterator[bytes]:
        nonlocal alive
        alive += 1
        with piece.path.open("rb") as file:
            yield file.read()
        alive -= 1
        assert alive == 0

    writer = PdfWriter(forgets)
    for _ in range(1000):
        writer.add((10, 10), PdfImage(data(), size, 400, 300, 3, jpeg=True), Place(0, 0, 10, 10))
    writer.finish()
    assert forgets.largest == size, "no write has more than one picture"
    with opened(made(pieces)) as document:
        assert len(document) == 1000
        assert document[999].get_size()


def test_the_same_pictures_give_the_same_bytes(pieces: Pieces):
    pieces.add(gradient(), pillow_format="JPEG")
    pieces.add(gradient())
    assert made(pieces).read_bytes() == made(pieces).read_bytes()


def test_a_file_that_changes_on_the_way_is_the_machines_fault():
    class Nowhere:
        def write(self, data: bytes) -> None: ...

    with pytest.raises(OSError, match="came with 3"):
        PdfWriter(Nowhere()).add((9, 9), PdfImage([b"abc"], 4, 1, 1, 3, jpeg=True), Place(0, 0, 9, 9))
