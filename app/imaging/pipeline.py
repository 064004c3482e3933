"""A picture's way from an upload to its outputs."""

from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import FileError, UnsupportedFile
from app.imaging.condition import Traits
from app.imaging.encoder import name_of
from app.imaging.encoding import Files, Original, RenderedFile
from app.imaging.libraries import quiet
from app.imaging.limits import Limits, check_animation, check_file
from app.imaging.orientation import UPRIGHT
from app.imaging.outputs import Making
from app.imaging.page import Pages
from app.imaging.picture import Picture, Size, settled, whole
from app.imaging.portrait import dominant_colour, miniature, placeholder
from app.imaging.reader import pages_of

__all__ = ["Limits", "RenderedFile", "Rendering", "SourceFacts", "render"]


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """`width` and `height` as displayed, with the orientation applied, of the first page.

    `frames` are counted up to 1000, but for the pages of a PDF.
    """

    media_type: str
    width: int
    height: int
    frames: int


@dataclass(frozen=True, slots=True)
class Rendering:
    """Placeholder and colour are of the first page; `files` of one page after the other, in the order asked for."""

    source: SourceFacts
    files: list[RenderedFile]
    placeholder: str
    dominant_color: str


def render(source: Path, making: Making, scratch: Path, limits: Limits) -> Rendering:
    """
    Make all outputs of one file, below the existing directory `scratch`.

    Raises a FileError for whatever is wrong with the file; its message names no file. An OSError or MemoryError is
    the machine's and says nothing about the file. Files that were written by then are the caller's to remove.
    Of an animation all frames are decoded where any output keeps it animated, otherwise the first one only.
    """
    with quiet():
        if limits.max_bytes is not None:
            check_file(source.stat().st_size, limits)
        with pages_of(source, limits, making.dpi) as pages:
            first, *others = _numbers(pages, making, limits)
            rendering = _rendered(source, pages, first, making, scratch, limits)
            for number in others:
                rendering.files.extend(_rendered(source, pages, number, making, scratch, limits).files)
            return rendering


def _numbers(pages: Pages, making: Making, limits: Limits) -> list[int | None]:
    if not making.all_pages:
        return [None]
    with pages(1) as page:
        return making.pages(page.traits.pages, limits.max_pages)


def _rendered(
    source: Path, pages: Pages, number: int | None, making: Making, scratch: Path, limits: Limits
) -> Rendering:
    """All outputs of one page; an error says which page it is of."""
    try:
        return _made(source, pages, number, making, scratch, limits)
    except FileError as error:
        if number is None:
            raise
        raise type(error)(f"Page {number}: {error}") from error


def _made(source: Path, pages: Pages, number: int | None, making: Making, scratch: Path, limits: Limits) -> Rendering:
    with pages(number or 1) as page:
        traits = page.traits
        making = making.resolved(traits.media_type)
        check_sides(making, traits)
        frames = traits.shown if making.animates else 1
        check_animation(traits.size, frames, limits)
        picture = page.decode(making.graph.share(traits, set(making.sources)), frames)
    facts = SourceFacts(traits.media_type, *picture.size, traits.frames)
    traits = traits if picture.size == traits.size else replace(traits, size=picture.size)
    pictures = making.graph.pictures(picture, traits, making.sources)
    files, small = Files(scratch, Original(source, traits.media_type, picture.frames), number), None
    del page, picture  # the only large pixels: gone as soon as nothing is made from them any more
    for name, made in pictures:
        done = finished(made)
        files.write(done, made, [output for output in making.outputs if output.source == name])
        if small is None or area(done.size) < area(small.size):
            small = done.first
        del made, done
    assert small is not None
    tiny = miniature(settled(small).image)
    return Rendering(facts, files.named(making.outputs), placeholder(tiny), dominant_colour(tiny))


def area(size: Size) -> int:
    return size[0] * size[1]


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
    if "orientation" in picture.keep and not picture.turned and picture.orientation != UPRIGHT:
        return replace(finished(replace(picture, orientation=UPRIGHT)), orientation=picture.orientation)
    picture = whole(picture)
    if "icc" in picture.keep and picture.space is None and picture.frames[0].mode in ("RGB", "RGBA"):
        return picture
    return settled(picture)
