"""
Everything that is process-wide about the imaging libraries: Pillow's switches, its warnings, its errors.

Every call that hands bytes of an upload to Pillow is made inside `reading`, and all of `render` inside `quiet`.
"""

import errno
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import AvifImagePlugin, Image, ImageFile, PngImagePlugin

from app.errors import DamagedFile, FileError, UnsupportedFile
from app.imaging.formats import accepted_sentence

# `app.imaging.source` checks the pixels, with the operator's limit and a message; this one only warns.
Image.MAX_IMAGE_PIXELS = None
# The reason why a plugin gave up comes as a warning: the only place where Pillow tells it.
Image.WARN_POSSIBLE_FORMATS = True
ImageFile.LOAD_TRUNCATED_IMAGES = False
# A PNG's texts and profile: Pillow refuses the picture for one of more than 1 MB, as XMP and profiles of tables may be.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
logging.getLogger("PIL").setLevel(logging.CRITICAL)

# A file can make Pillow seek to an offset that no file can have: an OSError with a number, but not the machine's.
_ERRNOS_OF_THE_FILE = {errno.EINVAL, errno.EOVERFLOW}
# libheif says so, too, of what its limits do not allow, which is the file's fault.
_OUT_OF_MEMORY = re.compile(r"out of memory|memory allocation error(?!.*security limit)", re.IGNORECASE)
_UNSUPPORTED = re.compile(
    r"unsupported|not (yet )?supported|cannot handle|unknown (pixel mode|data organization)|unknown compression",
    re.IGNORECASE,
)
_MAX_DETAIL = 120


@contextmanager
def quiet() -> Iterator[None]:
    """Hostile metadata makes Pillow warn; what matters is raised, the rest is neither an error nor noise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def reading(human_name: str) -> Iterator[None]:
    """
    Tell the file's faults from the machine's: a FileError for the first, the error itself for the second.

    Pillow raises OSError for both, but only those of the operating system have an errno. Its decoders answer hostile
    bytes with almost any exception type, so that the rest is not listed here.
    """
    try:
        yield
    except (FileError, MemoryError):
        raise
    except OSError as error:
        if error.errno is not None and error.errno not in _ERRNOS_OF_THE_FILE:
            raise
        raise_for_memory(error)
        raise fault(human_name, str(error)) from error
    except Exception as error:
        raise_for_memory(error)
        raise fault(human_name, str(error)) from error


def raise_for_memory(error: Exception) -> None:
    """Codecs report exhausted memory as a decoding error like any other; it says nothing about the file."""
    if _OUT_OF_MEMORY.search(str(error)):
        raise MemoryError(str(error)) from error


def fault(human_name: str, detail: str) -> FileError:
    """The error for a file of an accepted format that could not be read, by what the decoder said of it."""
    reason = _printable(detail)
    if _UNSUPPORTED.search(detail):
        return UnsupportedFile(
            f"It is a {human_name} file of a kind that Darkroom does not read{reason}; "
            f"export it as a common 8 or 16 bit {accepted_sentence()} image."
        )
    return DamagedFile(
        f"The {human_name} file is damaged or cut off{reason}; "
        f"send the complete file again, a {accepted_sentence()} image."
    )


def _printable(detail: str) -> str:
    # A decoder may quote the file or the name that it was opened by: neither goes into a message.
    if not detail or "/" in detail or "<" in detail or not detail.isascii() or not detail.isprintable():
        return ""
    return f" ({detail[:_MAX_DETAIL]})"
