"""Small images that a recipe carries in itself, as data URIs: logos, masks."""

import base64
import io
import re
from functools import lru_cache
from typing import Annotated

from PIL import Image, ImageFile
from pydantic import AfterValidator, Field

from app.errors import UnsuitableImage
from app.imaging import png
from app.imaging.headers import claimed_size
from app.imaging.libraries import quiet
from app.imaging.picture import settled
from app.imaging.pixels import decode

MAX_CHARACTERS = 200_000
MAX_PIXELS = 4_000_000

_HEAD = re.compile(r"data:image/(png|jpeg|webp);base64,")


@lru_cache(maxsize=4)
def opened_image(uri: str) -> Image.Image:
    """The pixels of an EmbeddedImage: upright, RGB or RGBA, sRGB; of an animation the first frame.

    It is shared by all who ask: do not change it. Raises UnsuitableImage where the pixels turn out to be damaged.
    """
    try:
        with quiet(), _identified(uri) as image:
            return settled(decode(image, 1.0)).image
    except MemoryError:
        raise
    except Exception as error:  # as in `libraries.reading`: decoders answer damage with almost anything
        raise UnsuitableImage(
            "The image that the recipe itself carries is damaged or cut off; put the complete file into the recipe."
        ) from error


def _identified(uri: str) -> ImageFile.ImageFile:
    """Opened, but for its pixels; whatever Pillow raises goes on."""
    head = _HEAD.match(uri)
    assert head is not None
    data = _bytes_of(uri[head.end() :])
    return Image.open(io.BytesIO(data), formats=(head[1].upper(),))


def _bytes_of(encoded: str) -> bytes:
    """White space is let through, since YAML folds long lines; so do browsers (infra.spec.whatwg.org)."""
    return base64.b64decode("".join(encoded.split()), validate=True)


def _checked(uri: str) -> str:
    """By its header alone: recipes are also read where no sandbox is, so that no pixel is decoded there."""
    head = _HEAD.match(uri)
    if head is None:
        raise ValueError("it must begin with data:image/png;base64, or the same with jpeg or webp")
    try:
        data = _bytes_of(uri[head.end() :])
    except ValueError:
        raise ValueError("what follows base64, is not base64") from None
    _check_pixels(claimed_size(data))  # before Pillow, whose WebP plugin allocates the canvas when it opens a file
    try:
        with quiet(), _identified(uri) as image:
            size = image.size
            png.check(image)
    except MemoryError:
        raise
    except Exception:
        raise ValueError(f"it is no {head[1].upper()} image that can be read, or a damaged one") from None
    _check_pixels(size)
    return uri


def _check_pixels(size: tuple[int, int] | None) -> None:
    if size is not None and size[0] * size[1] > MAX_PIXELS:
        raise ValueError(
            f"it is {size[0]} × {size[1]} = {size[0] * size[1]:,} pixels;"
            f" an image in a recipe has at most {MAX_PIXELS:,}"
        )


EmbeddedImage = Annotated[
    str,
    Field(max_length=MAX_CHARACTERS, json_schema_extra={"format": "data-url"}),
    AfterValidator(_checked),
]
"""A PNG, JPEG or WebP as a data URI: `data:image/png;base64,…`. `opened_image` gives its pixels."""
