"""The door for every file: it opens what is accepted and says why not for the rest, before any pixel is decoded."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError

from app.errors import EmptyFile, FileError, UnsupportedFile
from app.imaging import heif
from app.imaging.formats import ACCEPTED_PILLOW_NAMES, accepted_sentence, input_format
from app.imaging.frames import tiff_pages
from app.imaging.headers import claimed_size
from app.imaging.libraries import fault, raise_for_memory, reading
from app.imaging.limits import check_pixels
from app.imaging.repairs import without_broken_blocks
from app.imaging.signatures import HEAD_BYTES, accepted_kind, heif_type, likeness

_REFUSED_MODES = {"I": "32 bit or signed integer", "F": "32 bit floating point"}


@contextmanager
def opened(source: Path, max_pixels: int, page: int = 1) -> Iterator[ImageFile.ImageFile]:
    """
    The image, identified by its content, with its header checked and its pixels still to be decoded.

    Of a TIFF with several pages it is at this one.

    Raises FileError for anything wrong with the file; an OSError is the machine's.
    """
    with source.open("rb") as stream, opened_from(stream, max_pixels, page) as image:
        yield image


@contextmanager
def opened_from(stream: BinaryIO, max_pixels: int, page: int = 1) -> Iterator[ImageFile.ImageFile]:
    """The same from the beginning of an open file, which stays open."""
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    if not head:
        raise EmptyFile(f"The file has 0 bytes; send the complete file again, a {accepted_sentence()} image.")
    check_pixels(heif.claimed_size(stream) if heif_type(head) else claimed_size(head), max_pixels)
    with reading(accepted_kind(head) or "image"), _identified(stream, head) as image:
        if page > 1:
            _turn_to(page, image)
        check_pixels(image.size, max_pixels)
        check_pixel_format(image)
        if isinstance(image, heif.HeifPicture):
            image.check(max_pixels)
            heif.check_whole(stream)
        yield image


def _turn_to(page: int, image: ImageFile.ImageFile) -> None:
    """Raises EOFError where there are fewer."""
    assert image.fp is not None
    pages = tiff_pages(image.fp)
    if page > len(pages):
        raise EOFError("it has fewer pages")
    image.info.clear()  # Pillow would leave the profile of the first page to those that have none
    image.seek(pages[page - 1])


def _identified(stream: BinaryIO, head: bytes) -> ImageFile.ImageFile:
    with suppress(UnidentifiedImageError):
        # An open file, not a path: Pillow would map a path into memory, where a failing disk is a SIGBUS.
        return Image.open(stream, formats=ACCEPTED_PILLOW_NAMES)
    if (image := _repaired(stream, head)) is not None:
        return image
    raise _refusal(head, _reasons(stream))


def _reasons(stream: BinaryIO) -> list[str]:
    """Why Pillow does not read it, in its words, which it gives as warnings."""
    with warnings.catch_warnings(record=True) as notes, suppress(UnidentifiedImageError):
        warnings.simplefilter("always")
        Image.open(stream, formats=ACCEPTED_PILLOW_NAMES)
    return [str(note.message) for note in notes]


def _repaired(stream: BinaryIO, head: bytes) -> ImageFile.ImageFile | None:
    """A JPEG that is refused for its metadata alone, without them."""
    if accepted_kind(head) != "JPEG":
        return None
    stream.seek(0)
    data = without_broken_blocks(stream.read())
    try:
        return None if data is None else Image.open(io.BytesIO(data), formats=("JPEG",))
    except UnidentifiedImageError:
        return None


def _refusal(head: bytes, reasons: list[str]) -> FileError:
    if (kind := accepted_kind(head)) is not None:
        failures = [reason.partition(" opening failed. ")[2] for reason in reasons]
        failure = next((failure for failure in failures if failure), "its header can not be read")
        raise_for_memory(SyntaxError(failure))
        return fault(kind, failure)
    if (looks_like := likeness(head)) is not None:
        return UnsupportedFile(
            f"It looks like {looks_like}, which is not accepted; send a {accepted_sentence()} image."
        )
    return UnsupportedFile(f"It is not an image that Darkroom reads; send a {accepted_sentence()} image.")


def check_pixel_format(image: ImageFile.ImageFile) -> None:
    """Integer and floating point TIFFs hold measurements; which value is white is known to their makers only."""
    if (pixel_format := _REFUSED_MODES.get(image.mode)) is not None:
        raise UnsupportedFile(
            f"The pixels of this {input_format(image.format).human_name} are {pixel_format} (Pillow mode "
            f"{image.mode}), which has no defined white; export it with 8 or 16 bits a channel."
        )
