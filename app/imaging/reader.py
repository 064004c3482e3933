"""Every file that is read, as pages: an image by Pillow, a document by PDFium."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from PIL import ImageFile

from app.imaging import pdf_reader, png
from app.imaging.condition import Traits
from app.imaging.formats import PDF, input_format
from app.imaging.frames import count_frames
from app.imaging.heif import HeifPicture
from app.imaging.libraries import quiet
from app.imaging.limits import Limits, check_type
from app.imaging.orientation import displayed, orientation_of
from app.imaging.page import Page, Pages
from app.imaging.pixels import decode
from app.imaging.signatures import HEAD_BYTES, is_pdf
from app.imaging.source import opened_from


@contextmanager
def pages_of(source: Path, limits: Limits, dpi: int) -> Iterator[Pages]:
    """Nothing is decoded before a page is asked to be, and nothing read of what the limits do not accept.

    Raises FileError for anything wrong with the file; an OSError is the machine's.
    """
    with source.open("rb") as stream:
        if not is_pdf(stream.read(HEAD_BYTES)):
            yield partial(_image, stream, limits)
            return
    check_type(PDF, limits)
    with pdf_reader.opened(source, dpi, limits.max_pixels) as document:
        yield document.page


@contextmanager
def _image(stream: BinaryIO, limits: Limits, number: int) -> Iterator[Page]:
    """Opened anew for each page, because Pillow keeps the pixels of the last one."""
    with opened_from(stream, limits.max_pixels, number) as image:
        traits = _traits(image)
        check_type(traits.media_type, limits)
        yield Page(traits, partial(decode, image))


def _traits(image: ImageFile.ImageFile) -> Traits:
    """Read from the header; call it before the pixels are loaded."""
    own = image.custom_mimetype if isinstance(image, HeifPicture) else None
    return Traits(
        size=displayed(image.size, orientation_of(image)),
        media_type=own or input_format(image.format).media_type,
        frames=count_frames(image),
        alpha=image.has_transparency_data,
        plain=png.is_plain(image),
    )


def traits_of_file(source: Path, limits: Limits, dpi: int) -> Traits:
    """Of the first page, read from the header alone. Raises a FileError."""
    with quiet(), pages_of(source, limits, dpi) as pages, pages(1) as page:
        return page.traits
