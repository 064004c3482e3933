"""PDFs for the tests, written by hand: ISO 32000-1, 7.5. Nothing here imports the code under test."""

from collections.abc import Sequence
from dataclasses import dataclass, field

A6 = b"/MediaBox [0 0 298 420]"


@dataclass(frozen=True)
class PdfSheet:
    """A page: the entries of its dictionary, and what is drawn on it."""

    entries: bytes = b"/MediaBox [0 0 72 36]"
    drawn: bytes = b""


def filled(colour: tuple[float, float, float], left: float, bottom: float, width: float, height: float) -> bytes:
    red, green, blue = colour
    return b"%g %g %g rg %g %g %g %g re f\n" % (red, green, blue, left, bottom, width, height)


def sheet(colour: tuple[float, float, float], width: int = 72, height: int = 36, entries: bytes = b"") -> PdfSheet:
    """A page of one colour; the origin of a page is its left lower corner."""
    box = b"/MediaBox [0 0 %d %d] " % (width, height)
    return PdfSheet(box + entries, filled(colour, 0, 0, width, height))


@dataclass
class _Writer:
    objects: list[bytes] = field(default_factory=list)

    def add(self, body: bytes) -> int:
        self.objects.append(body)
        return len(self.objects)


def pdf(
    sheets: Sequence[PdfSheet], *, count: int | None = None, kids: bytes | None = None, catalogue: bytes = b"",
    trailer: bytes = b"", more: Sequence[bytes] = (),
) -> bytes:  # fmt: skip
    """`more` are further objects, of which the first has the number 3; `count` and `kids` lie about the pages."""
    writer = _Writer([b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalogue, b"", *more])
    pages = []
    for one in sheets:
        content = writer.add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(one.drawn), one.drawn))
        page = b"<< /Type /Page /Parent 2 0 R /Contents %d 0 R %s >>" % (content, one.entries)
        pages.append(b"%d 0 R" % writer.add(page))
    kids = b" ".join(pages) if kids is None else kids
    counted = len(pages) if count is None else count
    writer.objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (counted, kids)
    return _written(writer.objects, trailer)


def _written(objects: Sequence[bytes], trailer: bytes) -> bytes:
    parts, at, table = [b"%PDF-1.7\n"], 9, []
    for number, body in enumerate(objects, 1):
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        table.append(b"%010d 00000 n \n" % at)
        at += len(parts[-1])
    size = len(objects) + 1
    parts += [b"xref\n0 %d\n0000000000 65535 f \n" % size, *table]
    parts.append(b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, at))
    return b"".join(parts)


def stream(entries: bytes, data: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)
