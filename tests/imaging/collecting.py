"""Pieces for the tests of collectors, as files of their own."""

from pathlib import Path

from PIL import Image

from app.imaging.collector import Piece
from tests.imaging.pictures import lossless

MEDIA_TYPES = {
    "JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "AVIF": "image/avif", "GIF": "image/gif",
}  # fmt: skip


class Pieces:
    """A folder of finished results; `pieces` are they, in the order in which they were added."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "pieces"
        self.folder.mkdir()
        self.pieces: list[Piece] = []

    def add(
        self, image: Image.Image, caption: str = "photo.jpg", pillow_format: str = "PNG", **options: object
    ) -> Piece:
        path = self.folder / str(len(self.pieces))
        image.save(path, pillow_format, **lossless(pillow_format), **options)
        return self.add_file(path, caption, MEDIA_TYPES[pillow_format], image.size)

    def add_file(self, path: Path, caption: str, media_type: str, size: tuple[int, int]) -> Piece:
        piece = Piece(path, media_type, *size, caption)
        self.pieces.append(piece)
        return piece
