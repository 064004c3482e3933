"""Reading the pieces of a collection, one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile

from app.errors import FileError, NotCollectable
from app.imaging.collector import Piece
from app.imaging.libraries import quiet
from app.imaging.operation import MAX_SIDE
from app.imaging.operations.resize import Resize
from app.imaging.orientation import displayed, orientation_of
from app.imaging.picture import settled
from app.imaging.pixels import decode
from app.imaging.source import opened

_MAX_PIXELS = MAX_SIDE**2
"""Recipes make nothing larger; the operator's limit is for what comes from outside."""


@contextmanager
def opened_piece(piece: Piece) -> Iterator[ImageFile.ImageFile]:
    """The image with its pixels still to be decoded. Raises NotCollectable for what is wrong with the file."""
    try:
        with quiet(), opened(piece.path, _MAX_PIXELS) as image:
            yield image
    except NotCollectable:
        raise
    except FileError as error:
        raise NotCollectable(
            f"A result of {piece.caption} ({piece.media_type}, {piece.width} × {piece.height} pixels) can not be read"
            " as an image. Retry the job, or send the files again without that one."
        ) from error


def pixels_of(piece: Piece, box: Resize | None = None) -> Image.Image:
    """Its first frame, upright, RGB or RGBA, in sRGB; decoded no larger than the box, where there is one, needs it."""
    with opened_piece(piece) as image:
        size = displayed(image.size, orientation_of(image))
        picture = decode(image, box.share(size) if box else 1.0)
        return settled(box.apply(picture) if box else picture).image
