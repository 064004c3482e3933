"""A picture's way from an upload to its outputs."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import FileError, UnsupportedFile
from app.imaging import identity
from app.imaging.condition import Traits
from app.imaging.effort import Effort
from app.imaging.encoder import name_of
from app.imaging.encoding import Files, Original, RenderedFile
from app.imaging.libraries import quiet
from app.imaging.limits import Limits, check_animation, check_file
from app.imaging.orientation import UPRIGHT
from app.imaging.outputs import Making
from app.imaging.page import Pages
from app.imaging.picture import Picture, Size, settled, whole
from app.imaging.pixels import divisor
from app.imaging.portrait import dominant_colour, miniature, placeholder
from app.imaging.production import Production
from app.imaging.reader import pages_of
from app.imaging.shelf import Lent, Shelf, Spoiled

__all__ = ["Effort", "Lent", "Limits", "RenderedFile", "Rendering", "SourceFacts", "render"]


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
    """Placeholder and colour are of the first page; `files` of one page after the other, in the order asked for.

    `used` and `new` are the keys of lent pictures that were used, and of those that now stand in the scratch folder.
    """

    source: SourceFacts
    files: list[RenderedFile]
    placeholder: str
    dominant_color: str
    effort: Effort
    used: Sequence[str] = ()
    new: Sequence[str] = ()


def render(source: Path, making: Making, scratch: Path, limits: Limits, lent: Lent | None = None) -> Rendering:
    """
    Make the missing outputs of one file, below the existing directory `scratch`; from what is `lent` of earlier work on
    the same file, where that is enough. The file is opened and held against the limits all the same.

    Raises a FileError for whatever is wrong with the file; its message names no file. An OSError or MemoryError is
    the machine's and says nothing about the file. Files that were written by then are the caller's to remove.
    Of an animation all frames are decoded where any output keeps it animated, otherwise the first one only.
    """
    with quiet():
        if limits.max_bytes is not None:
            check_file(source.stat().st_size, limits)
        shelf = Shelf(lent, scratch, limits.max_pixels) if lent else None
        with pages_of(source, limits, making.dpi) as pages:
            work = _Work(source, pages, making, scratch, limits, shelf)
            first, *others = [work.page(number) for number in _numbers(pages, making, limits)]
        return replace(
            first,
            files=[file for rendering in (first, *others) for file in rendering.files],
            effort=sum((rendering.effort for rendering in others), first.effort),
            used=shelf.used if shelf else (),
            new=shelf.new if shelf else (),
        )


def _numbers(pages: Pages, making: Making, limits: Limits) -> list[int | None]:
    if not making.all_pages:
        return [None]
    with pages(1) as page:
        return making.pages(page.traits.pages, limits.max_pages)


@dataclass(frozen=True, slots=True)
class _Work:
    """Of one file."""

    source: Path
    pages: Pages
    making: Making
    scratch: Path
    limits: Limits
    shelf: Shelf | None

    def page(self, number: int | None) -> Rendering:
        """All missing outputs of one page; an error says which page it is of."""
        try:
            with suppress(Spoiled):  # whose traceback holds the pixels until here
                return self._rendered(number)
            assert self.shelf
            self.shelf.clear()
            return self._rendered(number)
        except FileError as error:
            if number is None:
                raise
            raise type(error)(f"Page {number}: {error}") from error

    def _rendered(self, number: int | None) -> Rendering:
        production, making, traits = self._begun(number)
        files, small = Files(self.scratch, Original(self.source, traits.media_type), number), None
        for name, made in production.pictures():
            done = finished(made)
            outputs = [output for output in making.missing if output.source == name]
            files.write(done, made, outputs, untouched=production.is_untouched(made))
            if small is None or area(done.size) < area(small.size):
                small = done.first
            del made, done
        assert small is not None
        tiny = miniature(settled(small).image)
        facts = SourceFacts(traits.media_type, *production.size, traits.frames)
        named, colour = files.named(making.missing), dominant_colour(tiny)
        return Rendering(facts, named, placeholder(tiny), colour, production.effort)

    def _begun(self, number: int | None) -> tuple[Production, Making, Traits]:
        """The production with its page decoded, if it has to be; nothing else holds the pixels when this returns."""
        with self.pages(number or 1) as page:
            traits, making = page.traits, self.making.resolved(page.traits.media_type)
            check_sides(making, traits)
            frames = traits.shown if making.animates else 1
            check_animation(traits.size, frames, self.limits)
            share = making.graph.share(traits, set(making.sources))
            wanted = dict.fromkeys(output.source for output in making.missing)
            key = ""
            if self.shelf:
                key = identity.of_source(self.shelf.sha256, making, number, divisor(traits, share), frames)
            production = Production(making.graph, traits, making.sources, wanted, self.shelf, key)
            production.begin(lambda: page.decode(share, frames))
            return production, making, traits


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
