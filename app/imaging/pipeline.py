"""A picture's way from an upload to its outputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.imaging.colours import to_srgb
from app.imaging.encoding import RenderedFile, check_sides, encode
from app.imaging.formats import input_format
from app.imaging.frames import count_frames
from app.imaging.libraries import quiet
from app.imaging.orientation import displayed, upright
from app.imaging.outputs import OutputSpec
from app.imaging.pixels import decode
from app.imaging.portrait import dominant_colour, miniature, placeholder
from app.imaging.sizes import cascade, fitted, resized
from app.imaging.source import opened

__all__ = ["RenderedFile", "Rendering", "SourceFacts", "render"]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """`width` and `height` as displayed, with the orientation applied; `frames` is counted up to 1000."""

    media_type: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class Rendering:
    source: SourceFacts
    files: list[RenderedFile]
    placeholder: str
    dominant_color: str


def render(source: Path, outputs: Sequence[OutputSpec], scratch: Path, max_pixels: int) -> Rendering:
    """
    Make all outputs of one file, below the existing directory `scratch`, in the order asked for.

    Raises a FileError for whatever is wrong with the file; its message names no file. An OSError or MemoryError is
    the machine's and says nothing about the file. Files that were written by then are the caller's to remove.
    """
    check_outputs(outputs)
    with quiet():
        with opened(source, max_pixels) as image:
            media_type = input_format(image.format).media_type
            frames = count_frames(image)
            decoded = decode(image, max(output.width for output in outputs))
        sizes = {output.name: fitted(decoded.size, output.width) for output in outputs}
        check_sides(sizes, outputs)
        largest = resized(decoded.pixels, displayed(max(sizes.values()), decoded.orientation), decoded.box)
        facts = SourceFacts(media_type, *decoded.size, frames)
        profile, orientation = decoded.profile, decoded.orientation
        del image, decoded  # the only large pixels: gone before the encoders take memory of their own
        largest = upright(to_srgb(largest, profile), orientation)
        images = cascade(largest, sizes.values())
        files = encode(images, sizes, outputs, scratch)
        small = miniature(images[min(images)])
        return Rendering(facts, files, placeholder(small), dominant_colour(small))


def check_outputs(outputs: Sequence[OutputSpec]) -> None:
    """A recipe that breaks this is a bug of the caller, not of the file."""
    names = {output.name for output in outputs}
    if not outputs or len(names) != len(outputs):
        raise ValueError(f"render needs one or more outputs with unique names, not {[o.name for o in outputs]}")
