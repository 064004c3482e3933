"""Pages of a PDF as pictures, by PDFium: forms and annotations are drawn, scripts are not run.

The library that is pinned is built without JavaScript and XFA. It may not be used by two threads at once, and its
import begins it: so it is imported here and not before, in the process that was forked for the one file.
"""

import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from app.errors import DamagedFile, TooManyPixels, UnsupportedFile
from app.imaging.condition import Traits
from app.imaging.formats import PDF
from app.imaging.limits import check_page
from app.imaging.page import Page
from app.imaging.picture import Size, of

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument, PdfPage

_POINTS = 72
"""To the inch (ISO 32000-1, 8.3.2.3)."""
_END, _END_WITHIN = b"%%EOF", 1024
_BILEVEL = {"CCITTFaxDecode", "JBIG2Decode"}
_BITS = 8


@dataclass(frozen=True, slots=True)
class PdfReader:
    """An open document, whose pages are numbered from 1 on."""

    document: "PdfDocument"
    dpi: int
    max_pixels: int

    @contextmanager
    def page(self, number: int) -> Iterator[Page]:
        """Its CropBox, turned as it says. Raises FileError where it can not be read or would be too large.

        It is drawn at its full size, whatever share of that is asked for: else thin lines would become thicker.
        """
        with _reading(), closing(self.document[number - 1]) as page:
            size = _size(page, self.dpi)
            check_page(size, self.dpi, self.max_pixels)
            _check_images(page, self.max_pixels)
            yield Page(
                Traits(size, PDF, len(self.document), alpha=False), lambda _share, _frames: of(_drawn(page, size))
            )


@contextmanager
def opened(source: Path, dpi: int, max_pixels: int) -> Iterator[PdfReader]:
    """Raises FileError; an OSError is the machine's."""
    # All of it at once: what PDFium can not read from a failing disk it takes for the end of the file.
    data = source.read_bytes()
    with _reading(), closing(_loaded(data)) as document:
        document.init_forms()
        yield PdfReader(document, dpi, max_pixels)


@contextmanager
def _reading() -> Iterator[None]:
    from pypdfium2 import PdfiumError

    try:
        yield
    except PdfiumError as error:
        raise DamagedFile(f"The PDF is damaged or cut off: {error} Send the complete file again.") from error


def _loaded(data: bytes) -> "PdfDocument":
    """`data` has to be there as long as the document is."""
    from pypdfium2 import PdfDocument, raw

    handle = raw.FPDF_LoadMemDocument64(data, len(data), None)
    if not handle:
        if raw.FPDF_GetLastError() in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise UnsupportedFile("The PDF is encrypted; send it without a password.")
        raise DamagedFile("The PDF is damaged or cut off. Send the complete file again.")
    document = PdfDocument(handle)
    if len(document) == 0:
        document.close()
        raise DamagedFile("The PDF has 0 pages; there is nothing to make of it.")
    # PDFium makes a new table of contents for a file that has lost its own; with it, the end of a file may be lost.
    if not raw.FPDF_DocumentHasValidCrossReferenceTable(document) and _END not in data[-_END_WITHIN:]:
        document.close()
        raise DamagedFile("The PDF is cut off: its end is not there. Send the complete file again.")
    return document


def _size(page: "PdfPage", dpi: int) -> Size:
    width, height = page.get_size()
    if not all(math.isfinite(side) and side > 0 for side in (width, height)):
        raise DamagedFile(f"The page is {width:g} × {height:g} points large, so that nothing can be seen of it.")
    return max(1, round(width * dpi / _POINTS)), max(1, round(height * dpi / _POINTS))


def _check_images(page: "PdfPage", max_pixels: int) -> None:
    """An image on a page is decoded whole, however small it is shown. Raises TooManyPixels."""
    from pypdfium2 import raw

    for image in page.get_objects([raw.FPDF_PAGEOBJ_IMAGE]):
        width, height = image.get_px_size()
        weight = 1 / _BITS if _BILEVEL & set(image.get_filters()) else 1
        if width * height * weight > max_pixels:
            raise TooManyPixels(
                f"An image on the page is {width} × {height} = {width * height / 1e6:.1f} megapixels; the limit is"
                f" {max_pixels / 1e6:.1f}. Send a smaller one or raise MAX_PIXELS."
            )


def _drawn(page: "PdfPage", size: Size) -> Image.Image:
    """RGB, on white."""
    from pypdfium2 import PdfBitmap, raw

    with closing(PdfBitmap.new_native(*size, raw.FPDFBitmap_BGR)) as bitmap:
        if not bitmap.raw:
            raise MemoryError("PDFium can not draw on so many pixels")
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, *size)
        whole = bitmap, page, 0, 0, *size, 0, raw.FPDF_ANNOT
        raw.FPDF_RenderPageBitmap(*whole)
        if page.formenv:
            raw.FPDF_FFLDraw(page.formenv, *whole)
        return Image.frombuffer("RGB", size, bitmap.buffer, "raw", "BGR", bitmap.stride, 1)
