"""From finished pixels to files."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from app.errors import UnsupportedFile
from app.imaging.formats import OUTPUT_FORMATS
from app.imaging.libraries import raise_for_memory
from app.imaging.outputs import OutputSpec

_WHITE = "#ffffff"

Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RenderedFile:
    name: str
    extension: str
    media_type: str
    width: int
    height: int
    path: Path


def check_sides(sizes: Mapping[str, Size], outputs: Sequence[OutputSpec]) -> None:
    """A width says nothing of the height: 1 × 60000 pixels are few, and more than WebP can hold."""
    for output in outputs:
        width, height = sizes[output.name]
        longest = OUTPUT_FORMATS[output.format].max_side
        if max(width, height) > longest:
            raise UnsupportedFile(
                f"The output {output.name} would be {width} × {height} pixels; a side of a {output.format} image is "
                f"at most {longest} pixels. Send an image that is less elongated."
            )


def encode(
    images: Mapping[Size, Image.Image], sizes: Mapping[str, Size], outputs: Sequence[OutputSpec], scratch: Path
) -> list[RenderedFile]:
    """One file for each output, in order; outputs that would be the same bytes share the first one's path."""
    written: dict[tuple[object, ...], Path] = {}
    return [_write(output, images[sizes[output.name]], scratch, written) for output in outputs]


def _write(
    output: OutputSpec, image: Image.Image, scratch: Path, written: dict[tuple[object, ...], Path]
) -> RenderedFile:
    chosen = OUTPUT_FORMATS[output.format]
    identity = (image.size, output.format, output.quality, _effort(output))
    if identity not in written:
        path = scratch / f"{output.name}.{chosen.extension}"
        path.write_bytes(encoded(image, output))
        written[identity] = path
    return RenderedFile(output.name, chosen.extension, chosen.media_type, *image.size, written[identity])


def encoded(image: Image.Image, output: OutputSpec) -> bytes:
    """In memory first, so that what the encoder refuses and what the disk refuses can not be mistaken."""
    chosen = OUTPUT_FORMATS[output.format]
    bare = flattened(image) if output.format == "jpeg" else image.copy()
    bare.info = {}  # comments, profiles and EXIF would otherwise follow the pixels into the file
    buffer = io.BytesIO()
    try:
        bare.save(buffer, chosen.pillow_name, **chosen.parameters(output.quality, _effort(output)))
    except (OSError, ValueError, RuntimeError) as error:
        raise_for_memory(error)
        raise UnsupportedFile(
            f"The output {output.name} of {image.width} × {image.height} pixels can not be written as "
            f"{output.format} ({error}). Ask for another format or a lower quality."
        ) from error
    return buffer.getvalue()


def flattened(image: Image.Image) -> Image.Image:
    """On white, in RGB; an image without alpha is only copied."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, _WHITE)
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def _effort(output: OutputSpec) -> int:
    default = OUTPUT_FORMATS[output.format].default_effort
    return output.effort if output.effort is not None else default or 0
