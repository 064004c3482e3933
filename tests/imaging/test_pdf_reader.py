"""PDFs in: pages upright and cropped as they say, forms and annotations drawn, and nothing huge is drawn at all."""

import errno
import io
import os
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from app.errors import DamagedFile, FileError, TooManyPixels, UnsupportedFile
from app.imaging.encoders.png import Png
from app.imaging.encoders.same import Same
from app.imaging.formats import PDF
from app.imaging.graph import Graph
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import Limits, Rendering, render

from .conftest import LIMIT, MAX_FRAMES, Darkroom
from .documents import PdfSheet, filled, pdf, sheet, stream
from .pictures import BLUE, GREEN, RED, WHITE, plain, saved

R, G, B = (1, 0, 0), (0, 1, 0), (0, 0, 1)
ROOT = Path(__file__).parent.parent.parent
CORNERS = filled(R, 0, 50, 100, 50) + filled(G, 100, 50, 100, 50) + filled(B, 0, 0, 100, 50)
"""On 200 × 100 points: red, green above blue, white."""


def made(
    darkroom: Darkroom, data: bytes, dpi: int = 72, limit: int = LIMIT, max_pages: int = 100, all_pages: bool = True
) -> Rendering:
    """Every page as it is, as PNG."""
    darkroom.source.write_bytes(data)
    making = Making(Graph([]), (Output("page-png", "source", Png()),), all_pages, dpi)
    limits = Limits(limit, MAX_FRAMES, accept=(PDF,), max_pages=max_pages)
    return render(darkroom.source, making, darkroom.scratch, limits)


def pictures(rendering: Rendering) -> list[Image.Image]:
    found = []
    for file in rendering.files:
        with Image.open(file.path) as image:
            found.append(image.convert("RGB"))
    return found


def picture(darkroom: Darkroom, page: PdfSheet, dpi: int = 72, **more: object) -> Image.Image:
    (only,) = pictures(made(darkroom, pdf([page], **more), dpi))
    return only


def quarters(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours of the quarters: left above, right above, left below, right below."""
    across, down = (image.width // 4, image.width * 3 // 4), (image.height // 4, image.height * 3 // 4)
    return [image.getpixel((x, y)) for y in down for x in across]


@pytest.mark.parametrize(
    ("dpi", "size"), [(72, (595, 842)), (150, (1240, 1754)), (36, (298, 421)), (300, (2480, 3508))]
)
def test_a_page_has_the_pixels_of_its_inches(darkroom: Darkroom, dpi: int, size: tuple[int, int]) -> None:
    rendering = made(darkroom, pdf([PdfSheet(b"/MediaBox [0 0 595.276 841.89]")]), dpi)
    source = rendering.source
    assert (source.media_type, source.width, source.height, source.frames) == (PDF, *size, 1)
    assert [(file.width, file.height, file.page) for file in rendering.files] == [(*size, None)]


@pytest.mark.parametrize(
    ("turn", "expected"),
    [(0, [RED, GREEN, BLUE, WHITE]), (90, [BLUE, RED, WHITE, GREEN]), (180, [WHITE, BLUE, GREEN, RED]),
     (270, [GREEN, WHITE, RED, BLUE]), (-90, [GREEN, WHITE, RED, BLUE])],
)  # fmt: skip
def test_a_page_is_upright(darkroom: Darkroom, turn: int, expected: list[tuple[int, ...]]) -> None:
    image = picture(darkroom, PdfSheet(b"/MediaBox [0 0 200 100] /Rotate %d" % turn, CORNERS))
    assert image.size == ((200, 100) if turn % 180 == 0 else (100, 200))
    assert quarters(image) == expected


def test_the_crop_box_is_what_is_shown(darkroom: Darkroom) -> None:
    image = picture(darkroom, PdfSheet(b"/MediaBox [0 0 200 100] /CropBox [50 25 150 75]", CORNERS))
    assert image.size == (100, 50)
    assert quarters(image) == [RED, GREEN, BLUE, WHITE]


def test_a_crop_box_that_shows_nothing_is_refused(darkroom: Darkroom) -> None:
    data = pdf([PdfSheet(b"/MediaBox [0 0 200 100] /CropBox [500 500 600 600]")])
    with pytest.raises(DamagedFile, match="The page is 0 × 0 points large"):
        made(darkroom, data)


@pytest.mark.parametrize("box", [b"/MediaBox [0 0 0.01 0.01]", b"/MediaBox [0 0 1 9000]"])
def test_the_smallest_and_the_longest_pages_are_drawn(darkroom: Darkroom, box: bytes) -> None:
    assert picture(darkroom, PdfSheet(box)).size in ((1, 1), (1, 9000))


def test_what_is_not_drawn_on_is_white(darkroom: Darkroom) -> None:
    assert picture(darkroom, PdfSheet()).getcolors() == [(72 * 36, WHITE)]


def test_half_transparent_ink_is_mixed_with_the_white_ground(darkroom: Darkroom, near) -> None:
    page = PdfSheet(
        b"/MediaBox [0 0 72 36] /Resources << /ExtGState << /G << /ca 0.5 >> >> >>",
        b"/G gs\n" + filled(R, 0, 0, 72, 36),
    )
    assert near(picture(darkroom, page).getpixel((9, 9)), (255, 127, 127), 2)


def test_text_is_drawn_though_its_font_is_not_in_the_file(darkroom: Darkroom) -> None:
    font = b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
    page = PdfSheet(b"/MediaBox [0 0 200 100] " + font, b"BT /F 80 Tf 10 20 Td (H) Tj ET")
    dark, _ = picture(darkroom, page).convert("L").getextrema()
    assert dark < 30


def test_annotations_are_drawn(darkroom: Darkroom) -> None:
    look = stream(b"/Type /XObject /Subtype /Form /BBox [0 0 72 36]", filled(G, 0, 0, 72, 36))
    square = b"<< /Type /Annot /Subtype /Square /Rect [0 0 72 36] /F 4 /AP << /N 3 0 R >> >>"
    page = PdfSheet(b"/MediaBox [0 0 72 36] /Annots [4 0 R]")
    assert picture(darkroom, page, more=[look, square]).getpixel((36, 18)) == GREEN


def test_the_fields_of_forms_are_drawn(darkroom: Darkroom) -> None:
    look = stream(b"/Type /XObject /Subtype /Form /BBox [0 0 72 36]", filled(B, 0, 0, 72, 36))
    field = (b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (x) /Rect [0 0 72 36] /F 4 /P 6 0 R"
             b" /AP << /N 3 0 R >> >>")  # fmt: skip
    page = PdfSheet(b"/MediaBox [0 0 72 36] /Annots [4 0 R]")
    image = picture(darkroom, page, more=[look, field], catalogue=b"/AcroForm << /Fields [4 0 R] >>")
    red, _, blue = image.getpixel((36, 18))
    assert blue > red + 50


def test_scripts_and_xfa_can_not_run() -> None:
    """The library that is installed has neither; one that had would say so."""
    assert pypdfium2.PDFIUM_INFO.flags == ()


def test_a_document_whose_scripts_paint_over_it_is_drawn_as_it_is(darkroom: Darkroom) -> None:
    action = b"/OpenAction << /S /JavaScript /JS (this.getField\\('x'\\).value = 1; app.alert\\(1\\);) >>"
    assert picture(darkroom, sheet(R), catalogue=action).getpixel((9, 9)) == RED


def test_every_page_is_made_in_its_order(darkroom: Darkroom) -> None:
    rendering = made(darkroom, pdf([sheet(R), sheet(G, 36, 72), sheet(B)]))
    assert [(file.name, file.page) for file in rendering.files] == [("page-png", at) for at in (1, 2, 3)]
    assert [image.getpixel((9, 9)) for image in pictures(rendering)] == [RED, GREEN, BLUE]
    assert (rendering.source.width, rendering.source.height, rendering.source.frames) == (72, 36, 3)
    assert rendering.dominant_color == "#ff0000", "of the first page"


def test_the_first_page_is_all_that_is_made_where_no_more_is_asked_for(darkroom: Darkroom) -> None:
    rendering = made(darkroom, pdf([sheet(R), sheet(G)]), all_pages=False)
    assert [(file.page, rendering.source.frames) for file in rendering.files] == [(None, 2)]


def test_of_a_hundred_thousand_pages_the_first_are_made(darkroom: Darkroom) -> None:
    rendering = made(darkroom, pdf([sheet(R, 9, 9)] * 100_000), max_pages=3)
    assert ([file.page for file in rendering.files], rendering.source.frames) == ([1, 2, 3], 100_000)


def test_pages_that_are_only_claimed_are_damage(darkroom: Darkroom) -> None:
    with pytest.raises(DamagedFile, match=r"^Page 2: The PDF is damaged or cut off: Failed to load page\. Send the"):
        made(darkroom, pdf([sheet(R)], count=100_000), max_pages=3)


@pytest.mark.parametrize("count", [2**31 - 1, -5])
def test_an_impossible_number_of_pages_is_not_believed(darkroom: Darkroom, count: int) -> None:
    assert made(darkroom, pdf([sheet(R)], count=count)).source.frames == 1


def test_pages_that_contain_themselves_are_damage(darkroom: Darkroom) -> None:
    with pytest.raises(DamagedFile):
        made(darkroom, pdf([sheet(R)], kids=b"2 0 R", count=5))


def test_a_document_without_pages_says_so(darkroom: Darkroom) -> None:
    with pytest.raises(DamagedFile, match=r"The PDF has 0 pages; there is nothing to make of it\."):
        made(darkroom, pdf([]))


def test_a_page_of_too_many_pixels_is_not_drawn(darkroom: Darkroom) -> None:
    with pytest.raises(TooManyPixels) as caught:
        made(darkroom, pdf([PdfSheet(b"/MediaBox [0 0 14400 14400]")]), dpi=600)
    assert str(caught.value) == (
        "The page is 120000 × 120000 = 14400.0 megapixels at 600 dpi; the limit is 100.0. Take a recipe with fewer dpi,"
        " or raise MAX_PIXELS."
    )


def test_a_later_page_of_too_many_pixels_is_named(darkroom: Darkroom) -> None:
    with pytest.raises(TooManyPixels, match=r"^Page 2: The page is 100 × 100 = 10,000 pixels at 72 dpi"):
        made(darkroom, pdf([sheet(R), sheet(G, 100, 100)]), limit=9999)


@pytest.mark.parametrize("box", [b"[0 0 1e30 1e30]", b"[0 0 1e400 1e400]", b"[0 0 -1e9 2147483648]", b"[0 0 0 0]"])
def test_an_absurd_page_is_refused_or_takes_the_usual_size(darkroom: Darkroom, box: bytes) -> None:
    try:
        rendering = made(darkroom, pdf([PdfSheet(b"/MediaBox " + box)]))
    except FileError:
        return
    assert (rendering.source.width, rendering.source.height) == (612, 792)


def embedded(width: int, height: int, kind: bytes, data: bytes = b"", inside: bool = False) -> bytes:
    """A page that shows an image of so many pixels, maybe within a form, a few points large."""
    image = stream(b"/Type /XObject /Subtype /Image /Width %d /Height %d %s" % (width, height, kind), data)
    form = stream(
        b"/Type /XObject /Subtype /Form /BBox [0 0 72 36] /Resources << /XObject << /I 3 0 R >> >>",
        b"q 72 0 0 36 0 0 cm /I Do Q",
    )
    shown = b"4" if inside else b"3"
    draw = b"/X Do" if inside else b"q 72 0 0 36 0 0 cm /X Do Q"
    resources = b"/MediaBox [0 0 72 36] /Resources << /XObject << /X %s 0 R >> >>" % shown
    return pdf([PdfSheet(resources, draw)], more=[image, form])


GREY = b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"


@pytest.mark.parametrize("inside", [False, True])
def test_a_huge_image_on_a_small_page_is_not_decoded(darkroom: Darkroom, inside: bool) -> None:
    data = embedded(40_000, 40_000, GREY, zlib.compress(bytes(1000)), inside)
    with pytest.raises(TooManyPixels, match=r"An image on the page is 40000 × 40000 = 1600\.0 megapixels; the limit"):
        made(darkroom, data)


@pytest.mark.parametrize("inside", [False, True])
def test_an_image_within_the_limit_is_shown(darkroom: Darkroom, inside: bool) -> None:
    data = embedded(20, 10, GREY, zlib.compress(b"\x40" * 200), inside)
    assert pictures(made(darkroom, data))[0].getpixel((36, 18)) == (64, 64, 64)


def test_a_scan_of_one_bit_may_have_eight_times_the_pixels(darkroom: Darkroom) -> None:
    """It takes an eighth of the memory: A0 at 600 dpi has 558 megapixels."""
    fax = b"/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 800 >>"
    made(darkroom, embedded(800, 80, fax), limit=8000)
    with pytest.raises(TooManyPixels):
        made(darkroom, embedded(800, 81, fax), limit=8000)


def test_an_encrypted_document_says_what_to_do(darkroom: Darkroom) -> None:
    key = b"/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]"
    for trailer in (key % (b"11" * 32, b"22" * 32), b"/Encrypt << /Filter /Standard /V 9 /R 9 >>"):
        with pytest.raises(UnsupportedFile, match=r"The PDF is encrypted; send it without a password\."):
            made(darkroom, pdf([sheet(R)], trailer=trailer))


@pytest.mark.parametrize("junk", [b"\n", b"\xef\xbb\xbf", b"\x1b%-12345X@PJL\r\n", b"From: printer\r\n\r\n"])
def test_what_stands_before_the_header_is_no_matter(darkroom: Darkroom, junk: bytes) -> None:
    assert made(darkroom, junk + pdf([sheet(R)])).source.media_type == PDF


def test_a_picture_that_speaks_of_pdf_is_a_picture(darkroom: Darkroom) -> None:
    assert darkroom.render(saved(plain(), "JPEG", comment=b"%PDF-1.7")).source.media_type == "image/jpeg"


def test_a_document_with_a_table_that_is_wrong_is_mended(darkroom: Darkroom) -> None:
    data = pdf([sheet(R)]).replace(b"startxref\n", b"startxref\n9")
    assert pictures(made(darkroom, data))[0].getpixel((9, 9)) == RED


def test_a_cut_document_is_refused_or_whole(darkroom: Darkroom) -> None:
    data = pdf([sheet(R), sheet(G), sheet(B)])
    whole = [image.tobytes() for image in pictures(made(darkroom, data))]
    accepted = []
    for cut in {*range(1, len(data), 37), *range(len(data) - 40, len(data))}:
        try:
            rendering = made(darkroom, data[:cut])
        except FileError:
            continue
        accepted.append(cut)
        assert [image.tobytes() for image in pictures(rendering)] == whole, f"cut at {cut} of {len(data)}"
    assert set(accepted) <= {len(data) - left for left in (1, 2, 3)}, "only the end mark may lack its end"


def test_a_saved_revision_without_its_end_is_cut_off(darkroom: Darkroom) -> None:
    """What was written into the file later is at its end; what PDFium would find without it is an older document."""
    data = pdf([sheet(R)])
    later = b"6 0 obj\n<< /Length 9000 >>\nstream\n" + bytes(6000)
    with pytest.raises(DamagedFile, match="The PDF is cut off: its end is not there"):
        made(darkroom, data + later)


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.7 hello", b"%PDF-1.7\n%%EOF\n", b"%PDF-" + bytes(5000)])
def test_what_only_begins_like_a_document_is_damaged(darkroom: Darkroom, data: bytes) -> None:
    with pytest.raises(DamagedFile, match=r"^The PDF "):
        made(darkroom, data)


def test_its_own_format_is_jpeg(darkroom: Darkroom) -> None:
    darkroom.source.write_bytes(pdf([sheet(R)]))
    making = Making(Graph([]), (Output("o", "source", Same()),))
    (file,) = render(darkroom.source, making, darkroom.scratch, Limits(LIMIT, 1, accept=(PDF,))).files
    assert (file.format, file.media_type) == ("jpeg", "image/jpeg")


def test_it_is_taken_only_where_it_is_named_and_not_even_opened_elsewhere(darkroom: Darkroom) -> None:
    with pytest.raises(UnsupportedFile) as caught:
        darkroom.render(b"%PDF-1.7 hello")
    assert str(caught.value) == (
        "It is a PDF, and this recipe takes images. Take the recipe pdf-pages, or one of your own whose input.accept"
        " names application/pdf."
    )
    making = Making(Graph([]), (Output("o", "source", Same()),))
    with pytest.raises(UnsupportedFile, match=r"It is application/pdf; this recipe takes image/png, image/tiff"):
        render(darkroom.source, making, darkroom.scratch, Limits(LIMIT, 1, accept=("image/png", "image/tiff")))


def test_a_failing_disk_is_not_a_damaged_document(darkroom: Darkroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fake at a boundary that we do not own: no real disk can be told to fail here."""

    def fail(_: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(OSError, match="Input/output error"):
        made(darkroom, pdf([sheet(R)]))


def test_pdfium_is_not_begun_before_a_document_is_opened() -> None:
    """Whoever imports it begins it; pool processes fork for every file, and must not have."""
    program = """
        import sys
        import app.imaging.pipeline, app.recipes, tasks.bench, tasks.process
        print([name for name in sys.modules if name.startswith("pypdfium2")])
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout == "[]\n"


def test_altered_bytes_never_bring_another_exception(darkroom: Darkroom) -> None:
    """In a process of their own: what crashes it is a crash of the work, and not of the tests."""
    (darkroom.directory / "document").write_bytes(embedded(20, 10, GREY, zlib.compress(b"\x40" * 200), inside=True))
    program = """
        import random, sys
        from pathlib import Path
        from app.errors import FileError
        from tests.imaging.conftest import Darkroom
        from tests.imaging.test_pdf_reader import made
        folder, seed = Path(sys.argv[1]), 20261124
        (folder / "altered").mkdir()
        darkroom, data, chance = Darkroom(folder / "altered"), (folder / "document").read_bytes(), random.Random(seed)
        for _ in range(200):
            altered = bytearray(data)
            for _ in range(chance.choice((1, 3, 20))):
                altered[chance.randrange(5, len(data))] = chance.randrange(256)
            try:
                made(darkroom, bytes(altered), limit=1_000_000)
            except FileError:
                continue
            except BaseException as error:
                error.add_note(f"seed {seed}, file {altered.hex()}")
                raise
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(darkroom.directory)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    assert run.returncode == 0, run.stderr


def test_the_pdf_that_darkroom_makes_is_read_again(darkroom: Darkroom) -> None:
    buffer = io.BytesIO()
    plain(size=(72, 36), colour=RED).save(buffer, "PDF", save_all=True, append_images=[plain(size=(72, 36))])
    first, second = pictures(made(darkroom, buffer.getvalue()))
    assert (first.size, second.getpixel((9, 9))) == ((72, 36), (0, 0, 0))
