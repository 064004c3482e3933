"""A picture's way from an upload to its outputs."""

from dataclasses import dataclass, replace
from pathlib import Path

from PIL import ImageFile

from app.errors import UnsupportedFile
from app.imaging.condition import Traits
from app.imaging.encoder import name_of
from app.imaging.encoding import Files, Original, RenderedFile
from app.imaging.formats import input_format
from app.imaging.frames import count_frames, frames_of_animation
from app.imaging.libraries import quiet
from app.imaging.limits import Limits, check_animation, check_file, check_type
from app.imaging.orientation import UPRIGHT, displayed, orientation_of
from app.imaging.outputs import Making
from app.imaging.picture import Picture, Size, settled, whole
from app.imaging.pixels import decode
from app.imaging.portrait import dominant_colour, miniature, placeholder
from app.imaging.source import opened

__all__ = ["Limits", "RenderedFile", "Rendering", "SourceFacts", "render"]


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


def render(source: Path, making: Making, scratch: Path, limits: Limits) -> Rendering:
    """
    Make all outputs of one file, below the existing directory `scratch`, in the order asked for.

    Raises a FileError for whatever is wrong with the file; its message names no file. An OSError or MemoryError is
    the machine's and says nothing about the file. Files that were written by then are the caller's to remove.
    Of an animation all frames are decoded where any output keeps it animated, otherwise the first one only.
    """
    with quiet():
        check_file(source.stat().st_size, limits)
        with opened(source, limits.max_pixels) as image:
            traits = traits_of(image)
            check_type(traits.media_type, limits)
            making = making.resolved(traits.media_type)
            check_sides(making, traits)
            frames = frames_of_animation(image, traits.frames) if making.animates else 1
            check_animation(traits.size, frames, limits)
            picture = decode(image, making.graph.share(traits, set(making.sources)), frames)
        facts = SourceFacts(traits.media_type, *picture.size, traits.frames)
        pictures = making.graph.pictures(picture, replace(traits, size=picture.size), making.sources)
        files, small = Files(scratch, Original(source, traits.media_type, picture.frames)), None
        del image, picture  # the only large pixels: gone as soon as nothing is made from them any more
        for name, made in pictures:
            done = finished(made)
            files.write(done, made, [output for output in making.outputs if output.source == name])
            if small is None or area(done.size) < area(small.size):
                small = replace(done, frames=done.frames[:1])
            del made, done
        assert small is not None
        tiny = miniature(settled(small).image)
        return Rendering(facts, files.named(making.outputs), placeholder(tiny), dominant_colour(tiny))


def area(size: Size) -> int:
    return size[0] * size[1]


def traits_of(image: ImageFile.ImageFile) -> Traits:
    """Read from the header; call it before the pixels are loaded."""
    return Traits(
        size=displayed(image.size, orientation_of(image)),
        media_type=input_format(image.format).media_type,
        frames=count_frames(image),
        alpha=image.has_transparency_data,
    )


def traits_of_file(source: Path, max_pixels: int) -> Traits:
    """Read from the header alone. Raises a FileError."""
    with quiet(), opened(source, max_pixels) as image:
        return traits_of(image)


def check_sides(making: Making, traits: Traits) -> None:
    """Raises UnsupportedFile where an output is certain to be too long for its format, before any work is done."""
    sizes = making.graph.sizes(traits)
    for output in making.outputs:
        width, height = sizes[output.source]
        encoder = output.encoder
        if max(width, height) > encoder.max_side:
            raise UnsupportedFile(
                f"The output {output.name} would be {width} × {height} pixels; a side of a {name_of(encoder)} image "
                f"is at most {encoder.max_side} pixels. Send an image that is less elongated."
            )


def finished(picture: Picture) -> Picture:
    """As it goes to the encoders: what is left to do is done, but for what the recipe keeps in the metadata."""
    kept = "orientation" in picture.keep and not picture.turned
    orientation = picture.orientation if kept else UPRIGHT
    if kept:
        picture = replace(picture, orientation=UPRIGHT)
    picture = whole(picture)
    if not ("icc" in picture.keep and picture.space is None and picture.frames[0].mode in ("RGB", "RGBA")):
        picture = settled(picture)
    return replace(picture, orientation=orientation)
