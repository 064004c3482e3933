"""`contact_sheet`: all results of a job at a glance."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from app.imaging import captions, sheet
from app.imaging.collector import Collected, Collector, Piece
from app.imaging.encoder import Encoder
from app.imaging.encoders import found
from app.imaging.operation import Colour, pixels, rgba
from app.imaging.operations.resize import Resize
from app.imaging.picture import Size
from app.imaging.pieces import pixels_of
from app.imaging.placement import by_gravity

_QUALITY = 85


class ContactSheet(Collector):
    """A grid of small pictures with the names of the originals below them, on as many pages as it takes."""

    example: ClassVar = {"columns": 3, "cell_width": 160, "cell_height": 120}

    columns: int = Field(default=5, ge=1, le=50, description="Pictures beside each other.")
    rows: int = Field(default=6, ge=1, le=100, description="Rows on one page; what does not fit goes on the next.")
    cell_width: int = pixels("Room for each picture; smaller ones are not enlarged.", default=240, ge=16, le=2048)
    cell_height: int = pixels("Room for each picture, without its caption.", default=180, ge=16, le=2048)
    gap: int = pixels("Between the cells and around all of them.", default=16, ge=0, le=512)
    background: Colour = Field(default="#ffffff", description="The ground of the page.")
    captions: bool = Field(default=True, description="Whether the name of the original stands below each picture.")
    caption_size: int = pixels("Height of the letters.", default=14, ge=6, le=96)
    caption_color: Colour = Field(default="#333333", description="The letters.")
    format: Literal["jpeg", "png", "webp"] = Field(default="jpeg", description="What the pages are saved as.")
    quality: int | None = Field(
        default=None, ge=1, le=100, description=f"Of JPEG and WebP, 1 to 100; {_QUALITY} where none is given."
    )

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        if self.format == "png" and self.quality is not None:
            raise ValueError("png is lossless and has no quality; leave it out, or take jpeg or webp")
        if reason := sheet.misfit(self.size_of(self.columns, self.rows), found()[self.format]):
            raise ValueError(f"a full page would be {reason}; ask for fewer columns or rows, or for smaller cells")
        return self

    def size_of(self, columns: int, rows: int) -> Size:
        """Of a page with so many columns and rows."""
        across, down = self._pitch
        return columns * across + self.gap, rows * down + self.gap

    def place_of(self, position: int) -> tuple[int, int]:
        """Left and top of the cell, counted from 0 on its page."""
        row, column = divmod(position, self.columns)
        across, down = self._pitch
        return self.gap + column * across, self.gap + row * down

    def collect(self, pieces: Sequence[Piece], scratch: Path) -> list[Collected]:
        full = self.columns * self.rows
        starts = range(0, len(pieces), full)
        digits = len(str(len(starts)))
        return [
            self._page(
                pieces[start : start + full],
                min(self.columns, len(pieces)),
                "contact-sheet" if len(starts) == 1 else f"contact-sheet-{number:0{digits}}",
                scratch,
            )
            for number, start in enumerate(starts, 1)
        ]

    def _page(self, pieces: Sequence[Piece], columns: int, name: str, scratch: Path) -> Collected:
        rows = -(-len(pieces) // self.columns)
        page = sheet.blank(self.size_of(columns, rows), self.background)
        cell = self.cell_width, self.cell_height
        room = Resize(width=cell[0], height=cell[1], fit="inside", without_enlargement=True)
        for position, piece in enumerate(pieces):
            left, top = self.place_of(position)
            image = pixels_of(piece, room)
            x, y = by_gravity(cell, image.size, "center")
            sheet.put(page, image, (left + x, top + y))
            if self.captions:
                box = left, top + self.cell_height, self.cell_width
                captions.write(page, piece.caption, box, self.caption_size, rgba(self.caption_color))
        encoder = self._encoder()
        path = sheet.written(page, encoder, scratch / f"{name}.{encoder.extension}")
        return Collected(name, encoder.extension, encoder.media_type, *page.size, path)

    @property
    def _pitch(self) -> Size:
        """From the left of one cell to that of the next, and from top to top."""
        line = round(self.caption_size * captions.LINE) if self.captions else 0
        return self.cell_width + self.gap, self.cell_height + line + self.gap

    def _encoder(self) -> Encoder:
        settings = {} if self.format == "png" else {"quality": self.quality or _QUALITY}
        return found()[self.format](**settings)
