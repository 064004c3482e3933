"""The pictures that the pages show everything on: a photograph, and a logo with transparency that is drawn here."""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw

from reference.places import DOCS

CREDIT = """\
The sample photograph is “Picture 0B” by Trevor “Freespace” (2018), under
[CC BY 4.0](https://creativecommons.org/licenses/by/4.0/), from Debian's package `lomiri-wallpapers-16.04`. It was cut
and made smaller, and the pictures here are made from it. The logo is drawn by Darkroom's own code."""
_SMOOTH = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """`file` is below docs/."""

    name: str
    file: str
    media_type: str
    size: tuple[int, int]
    data: bytes

    @property
    def extension(self) -> str:
        return ".pdf" if self.media_type == "application/pdf" else Path(self.file).suffix


@cache
def photograph() -> Sample:
    data = (DOCS / "sample.jpg").read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        return Sample("photograph", "sample.jpg", "image/jpeg", image.size, data)


@cache
def logo() -> Sample:
    """An aperture of six blades, with empty space around it that is wider on the right."""
    image = Image.new("RGBA", (320 * _SMOOTH, 200 * _SMOOTH))
    draw = ImageDraw.Draw(image)
    middle, radius = (120 * _SMOOTH, 100 * _SMOOTH), 76 * _SMOOTH
    colours = ("#1b3a4b", "#256d7b", "#3aa6a0", "#7fc8a9", "#f2b134", "#ed553b")
    for blade, colour in enumerate(colours):
        box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
        draw.pieslice(box, blade * 60 + 3, blade * 60 + 57, fill=colour)
    hole = 24 * _SMOOTH
    draw.ellipse((middle[0] - hole, middle[1] - hole, middle[0] + hole, middle[1] + hole), fill="#00000000")
    buffer = io.BytesIO()
    image.reduce(_SMOOTH).save(buffer, "PNG", optimize=True)
    return Sample("logo", "logo.png", "image/png", (320, 200), buffer.getvalue())


@cache
def document() -> Sample:
    """A PDF of three pages, each with the photograph smaller and smaller."""
    with Image.open(io.BytesIO(photograph().data)) as image:
        pages = [image.resize((image.width // part, image.height // part)) for part in (1, 2, 3)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "PDF", save_all=True, append_images=pages[1:])
    return Sample("document", "", "application/pdf", pages[0].size, buffer.getvalue())
