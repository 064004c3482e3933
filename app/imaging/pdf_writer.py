"""A PDF file of one image a page, written front to back: only the places of its objects are kept in memory.

After ISO 32000-1:2008 (PDF 1.7). The libraries were weighed: Pillow's writer encodes every picture as JPEG again;
img2pdf, fpdf2, reportlab and PDFium take JPEGs as they are, but hold all pages in memory until the end, and know no
colour profiles or no orientation. What is needed here is six kinds of objects.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from app.imaging.orientation import UPRIGHT

_CATALOG, _PAGES = 1, 2


@dataclass(frozen=True, slots=True)
class PdfImage:
    """Encoded pixels as a PDF takes them: a JPEG file, or the zlib stream of a PNG; 1 channel is grey, 3 are RGB."""

    data: Iterable[bytes]
    length: int
    width: int
    height: int
    channels: int
    jpeg: bool
    profile: bytes | None = None
    orientation: int = UPRIGHT
    """How the stored pixels are turned for display, as in EXIF; `width` and `height` are as stored."""


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle on a page as it is displayed: points from the left lower corner."""

    x: float
    y: float
    width: float
    height: float


class PdfWriter:
    """`add` the pages, then `finish`. The stream is written at its end only."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._at = 0
        self._places: dict[int, int] = {}
        self._number = _PAGES
        self._pages: list[int] = []
        self._profiles: dict[bytes, int] = {}
        # The second line tells programs that move files about that this one is binary (7.5.2).
        self._write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, size: tuple[float, float], image: PdfImage, place: Place) -> None:
        """One page of this size in points, with the image where it belongs."""
        picture = self._stream_object(_image_entries(image, self._space(image)), image.data, image.length)
        drawing = f"q {_matrix(place, image.orientation)} cm /I Do Q".encode()
        content = self._stream_object("", [drawing], len(drawing))
        page = self._object(
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {_number(size[0])} {_number(size[1])}]"
            f" /Resources << /XObject << /I {picture} 0 R >> >> /Contents {content} 0 R >>"
        )
        self._pages.append(page)

    def finish(self) -> None:
        kids = " ".join(f"{page} 0 R" for page in self._pages)
        self._object(f"<< /Type /Pages /Count {len(self._pages)} /Kids [{kids}] >>", _PAGES)
        self._object(f"<< /Type /Catalog /Pages {_PAGES} 0 R >>", _CATALOG)
        table = self._at
        self._write(f"xref\n0 {self._number + 1}\n0000000000 65535 f \n".encode())
        for number in range(1, self._number + 1):
            self._write(f"{self._places[number]:010} 00000 n \n".encode())
        trailer = f"trailer\n<< /Size {self._number + 1} /Root {_CATALOG} 0 R >>\nstartxref\n{table}\n%%EOF\n"
        self._write(trailer.encode())

    def _space(self, image: PdfImage) -> str:
        plain = "/DeviceGray" if image.channels == 1 else "/DeviceRGB"
        profile = image.profile
        if profile is None or not _is_for(profile, image.channels):
            return plain
        key = sha256(profile).digest()
        if key not in self._profiles:
            entries = f"/N {image.channels} /Alternate {plain} "
            self._profiles[key] = self._stream_object(entries, [profile], len(profile))
        return f"[/ICCBased {self._profiles[key]} 0 R]"

    def _object(self, content: str, number: int | None = None) -> int:
        number = self._begin(number)
        self._write(f"{content}\nendobj\n".encode())
        return number

    def _stream_object(self, entries: str, data: Iterable[bytes], length: int) -> int:
        """Raises OSError where the data are not as long as was said: the file was changed on the way."""
        number = self._begin(None)
        self._write(f"<< {entries}/Length {length} >>\nstream\n".encode())
        start = self._at
        for chunk in data:
            self._write(chunk)
        if self._at - start != length:
            raise OSError(f"a stream of {length} bytes came with {self._at - start}")
        self._write(b"\nendstream\nendobj\n")
        return number

    def _begin(self, number: int | None) -> int:
        if number is None:
            self._number += 1
            number = self._number
        self._places[number] = self._at
        self._write(f"{number} 0 obj\n".encode())
        return number

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._at += len(data)


def png_stream(png: bytes) -> list[bytes]:
    """The compressed rows of a PNG, which a PDF takes as they are (7.4.4.4, predictor 15)."""
    return [content for kind, content in _chunks(png) if kind == b"IDAT"]


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        length, kind = struct.unpack_from(">I4s", png, at)
        yield kind, png[at + 8 : at + 8 + length]
        at += 12 + length


def _image_entries(image: PdfImage, space: str) -> str:
    way = "/Filter /DCTDecode "
    if not image.jpeg:
        rows = f"/Predictor 15 /Colors {image.channels} /BitsPerComponent 8 /Columns {image.width}"
        way = f"/Filter /FlateDecode /DecodeParms << {rows} >> "
    return (
        f"/Type /XObject /Subtype /Image /Width {image.width} /Height {image.height} /ColorSpace {space}"
        f" /BitsPerComponent 8 {way}"
    )


def _is_for(profile: bytes, channels: int) -> bool:
    """By the header of the profile (ICC.1:2010, 7.2)."""
    return profile[36:40] == b"acsp" and profile[16:20] == {1: b"GRAY", 3: b"RGB "}.get(channels)


def _matrix(place: Place, orientation: int) -> str:
    """What maps the unit square that an image is drawn in (8.3.4) to its place, turned as EXIF says."""
    width, height, left, bottom = place.width, place.height, place.x, place.y
    right, top = left + width, bottom + height
    numbers = {
        1: (width, 0, 0, height, left, bottom),
        2: (-width, 0, 0, height, right, bottom),
        3: (-width, 0, 0, -height, right, top),
        4: (width, 0, 0, -height, left, top),
        5: (0, -height, -width, 0, right, top),
        6: (0, -height, width, 0, left, top),
        7: (0, height, width, 0, left, bottom),
        8: (0, height, -width, 0, right, bottom),
    }[orientation]
    return " ".join(_number(number) for number in numbers)


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")
