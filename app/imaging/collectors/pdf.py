"""`pdf`: all results of a job as the pages of one document."""

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, ClassVar, Literal, Self

from PIL import Image, ImageFile
from pydantic import Field, model_validator

from app.errors import NotCollectable
from app.imaging.canvas import flattened
from app.imaging.collector import Collected, Collector, Piece
from app.imaging.encoders.jpeg import Jpeg
from app.imaging.orientation import displayed, orientation_of
from app.imaging.pdf_writer import PdfImage, PdfWriter, Place, png_stream
from app.imaging.picture import Size, of
from app.imaging.pieces import opened_piece, pixels_of

_POINTS = 72.0
"""To the inch."""
_MM = _POINTS / 25.4
_PAPER = {"a4": (210 * _MM, 297 * _MM), "letter": (8.5 * _POINTS, 11 * _POINTS)}
_LONGEST, _SHORTEST = 14_400, 3
"""Of a page, in points: what readers take (ISO 32000-1, annex C)."""
_LOSSY = ("image/webp", "image/avif", "image/jpeg")
_CHUNK = 1 << 20


class Pdf(Collector):
    """One document with one page for each result. JPEGs go into it as they are; what is transparent becomes white."""

    example: ClassVar = {"page": "a4", "margin": 10}

    page: Literal["a4", "letter", "fit"] = Field(
        default="a4", description="The paper; with `fit` every page is as large as its picture and the margin."
    )
    orientation: Literal["auto", "portrait", "landscape"] = Field(
        default="auto", description="How the paper lies; `auto` lays it as each picture does."
    )
    margin: float = Field(
        default=10, ge=0, le=100, description="White on every side.", json_schema_extra={"unit": "mm"}
    )
    dpi: int = Field(
        default=150, ge=36, le=1200, json_schema_extra={"unit": "px/inch"},
        description="How large a pixel is: the size of a picture with `fit`, and else the largest that it is shown at;"
        " what is larger than the paper is made to fit, without losing pixels.",
    )  # fmt: skip
    quality: int = Field(
        default=90, ge=1, le=100,
        description="Of pictures that come as WebP or AVIF, which a PDF can not hold: they become JPEGs, 1 to 100. PNG,"
        " GIF, TIFF and BMP stay lossless.",
    )  # fmt: skip

    @model_validator(mode="after")
    def _has_paper_to_turn(self) -> Self:
        if self.page == "fit" and self.orientation != "auto":
            raise ValueError(f"page fit has the shape of each picture, so that it can not be {self.orientation}")
        return self

    def collect(self, pieces: Sequence[Piece], scratch: Path) -> list[Collected]:
        path = scratch / "document.pdf"
        with path.open("wb", _CHUNK) as stream:
            writer = PdfWriter(stream)
            for number, piece in enumerate(pieces, 1):
                self._add(writer, piece, number)
            writer.finish()
        return [Collected("document", "pdf", "application/pdf", None, None, path)]

    def _add(self, writer: PdfWriter, piece: Piece, number: int) -> None:
        with opened_piece(piece) as image:
            header = image if image.format == "JPEG" and image.mode in ("L", "RGB") else None
        if header is None:
            self._lay(writer, self._encoded(piece), piece, number)
            return
        with piece.path.open("rb") as file:
            self._lay(writer, _as_it_is(header, file), piece, number)

    def _lay(self, writer: PdfWriter, image: PdfImage, piece: Piece, number: int) -> None:
        size = displayed((image.width, image.height), image.orientation)
        paper, place = self.layout(size)
        if max(paper) > _LONGEST:
            raise NotCollectable(
                f"Page {number}, of {piece.caption}, would be {max(paper) / _MM:,.0f} mm long, with {max(size):,}"
                f" pixels at {self.dpi} dpi; a page is at most {_LONGEST / _MM:,.0f} mm. Ask for more dpi, or for a4."
            )
        writer.add(paper, image, place)

    def layout(self, size: Size) -> tuple[tuple[float, float], Place]:
        """The paper for a picture of this size, and where on it the picture goes; in points."""
        width, height = (side * _POINTS / self.dpi for side in size)
        margin = self.margin * _MM
        if self.page == "fit":
            paper = max(_SHORTEST, width + 2 * margin), max(_SHORTEST, height + 2 * margin)
        else:
            paper = self._turned(_PAPER[self.page], size)
            scale = min(1.0, (paper[0] - 2 * margin) / width, (paper[1] - 2 * margin) / height)
            width, height = width * scale, height * scale
        return paper, Place((paper[0] - width) / 2, (paper[1] - height) / 2, width, height)

    def _turned(self, paper: tuple[float, float], size: Size) -> tuple[float, float]:
        wide = size[0] > size[1] if self.orientation == "auto" else self.orientation == "landscape"
        return (paper[1], paper[0]) if wide else paper

    def _encoded(self, piece: Piece) -> PdfImage:
        image = flattened(pixels_of(piece))
        if piece.media_type in _LOSSY:
            jpeg = Jpeg(quality=self.quality, chroma_subsampling="4:4:4").encode(of(image)).data
            return PdfImage([jpeg], len(jpeg), *image.size, channels=3, jpeg=True)
        rows = _rows(image)
        return PdfImage(rows, sum(map(len, rows)), *image.size, channels=3, jpeg=False)


def _as_it_is(image: ImageFile.ImageFile, file: BinaryIO) -> PdfImage:
    profile = image.info.get("icc_profile")
    return PdfImage(
        data=iter(lambda: file.read(_CHUNK), b""),
        length=os.fstat(file.fileno()).st_size,
        width=image.width,
        height=image.height,
        channels=len(image.getbands()),
        jpeg=True,
        profile=profile if isinstance(profile, bytes) else None,
        orientation=orientation_of(image),
    )


def _rows(image: Image.Image) -> list[bytes]:
    bare = image.copy()
    bare.info = {}
    buffer = io.BytesIO()
    bare.save(buffer, "PNG")
    return png_stream(buffer.getvalue())
