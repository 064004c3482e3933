"""A picture on its way through a recipe: its pixels, and what is still to be done to them.

Turning upright, converting colours and cutting cost the less the fewer pixels there are. So they are put off: a picture
remembers the part of its pixels that it shows (`box`), the turn that is left (`orientation`) and the profile that its
colours are in (`profile`), until `settled` does what is left. A resize takes all of that along.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from PIL import Image

from app.imaging.colours import Space, converted, reached
from app.imaging.orientation import UPRIGHT, displayed, stored_box, upright
from app.imaging.resampling import resampled

Size = tuple[int, int]
Box = tuple[float, float, float, float]
"""left, top, right, bottom; the right and bottom edges are not part of it."""
Edges = tuple[int, int, int, int]
"""The same on the pixel."""

Kept = Literal["icc", "orientation", "copyright", "exif", "xmp"]

_EXACT = 1e-6
"""Pixels by which edges may be off for nothing but rounding."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The blocks of the file as they were; what is kept of them stands in `Picture.keep`."""

    exif: bytes | None = None
    xmp: bytes | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """`frames` all have one size; a still picture has one of them, without a duration.

    `stored` is the size that `box` has in the pixels of the file: the frames may have been decoded at a fraction of it.
    """

    frames: tuple[Image.Image, ...]
    box: Box
    stored: Size
    orientation: int = UPRIGHT
    profile: bytes | None = None
    space: Space | None = None
    """The colour space that the pixels have been brought to; None while they are as in the file."""
    durations: tuple[int, ...] = ()
    """Milliseconds for which each frame of an animation is shown."""
    loop: int = 0
    """How often an animation is played; 0 is for ever."""
    turned: bool = False
    """Whether a step wants the pixels upright; the orientation is then not kept in the metadata."""
    metadata: Metadata = field(default_factory=Metadata)
    keep: frozenset[Kept] = frozenset()

    @property
    def size(self) -> Size:
        """As displayed."""
        return displayed(self.stored, self.orientation)

    @property
    def animated(self) -> bool:
        return len(self.frames) > 1

    @property
    def first(self) -> "Picture":
        """Without the other frames of an animation."""
        return replace(self, frames=self.frames[:1], durations=()) if self.animated else self

    @property
    def is_whole(self) -> bool:
        """Whether the frames are the picture, pixel by pixel."""
        return self.frames[0].size == self.stored and self.box == (0, 0, *self.stored)

    @property
    def image(self) -> Image.Image:
        """The first frame. Call it on a settled picture."""
        return self.frames[0]

    @property
    def has_alpha(self) -> bool:
        return any("A" in frame.getbands() for frame in self.frames)


def of(image: Image.Image) -> Picture:
    """A still picture of these pixels, in sRGB."""
    return Picture((image,), (0, 0, *image.size), image.size, space="srgb")


def each(picture: Picture, change: Callable[[Image.Image], Image.Image]) -> Picture:
    """Every frame changed alike; `change` gets whole, upright frames and may give another size."""
    return _with_frames(picture, tuple(change(frame) for frame in whole(picture).frames))


def cut(picture: Picture, box: Box, size: Size) -> Picture:
    """The part of the displayed picture within `box`, counted as `size` pixels. Nothing is copied yet."""
    left, top, right, bottom = stored_box(box, picture.size, picture.orientation)
    x, y, x2, y2 = picture.box
    across, down = (x2 - x) / picture.stored[0], (y2 - y) / picture.stored[1]
    part = (x + left * across, y + top * down, x + right * across, y + bottom * down)
    return replace(picture, box=part, stored=displayed(size, picture.orientation))


def without_surroundings(picture: Picture) -> Picture:
    """The same without the pixels beyond its box, which nothing looks at; itself where that ends within pixels."""
    edges = _outwards(picture.box, picture.frames[0].size)
    if picture.box != edges or edges == (0, 0, *picture.frames[0].size):
        return picture
    frames = tuple(_cropped(frame, edges) for frame in picture.frames)
    return replace(picture, frames=frames, box=_inside(picture.box, edges))


def scaled(
    picture: Picture, size: Size, kernel: Image.Resampling = Image.Resampling.LANCZOS, part: Box | None = None
) -> Picture:
    """Resampled to this displayed size; turn and colours are left for later, when there are fewer pixels.

    With `part`, only that part of the displayed picture is: as if all were resampled, and cut then.
    """
    shown = picture if part is None else cut(picture, part, size)
    stored = displayed(size, picture.orientation)
    if shown.stored == stored and _on_pixels(shown):
        return shown
    # A filter looks at pixels beyond the box that it is given. Those of the picture it may see, but no others: where a
    # border was cut off, nothing of it comes back as a fringe.
    edges = _outwards(picture.box, picture.frames[0].size)
    box = _inside(shown.box, edges)
    frames = tuple(resampled(_cropped(frame, edges), stored, kernel, box) for frame in picture.frames)
    return replace(picture, frames=frames, box=(0, 0, *stored), stored=stored)


def whole(picture: Picture) -> Picture:
    """With upright frames that are the picture, pixel by pixel; colours as they are."""
    if not picture.is_whole:
        picture = _materialised(picture)
    if picture.orientation == UPRIGHT:
        return picture
    turned = tuple(upright(frame, picture.orientation) for frame in picture.frames)
    return replace(_with_frames(picture, turned), orientation=UPRIGHT)


def settled(picture: Picture, space: Space = "srgb") -> Picture:
    """Whole, upright, and RGB or RGBA of 8 bits in `space`, or in the one that it was already brought to."""
    picture = whole(picture)
    if picture.space is not None:
        return picture
    space = reached(picture.frames[0].mode, picture.profile, space)
    frames = tuple(converted(frame, picture.profile, space) for frame in picture.frames)
    return replace(picture, frames=frames, profile=None, space=space)


def _with_frames(picture: Picture, frames: tuple[Image.Image, ...]) -> Picture:
    size = frames[0].size
    return replace(picture, frames=frames, box=(0, 0, *size), stored=size)


def _materialised(picture: Picture) -> Picture:
    """Cut where that is on the pixel, else resampled."""
    if not _on_pixels(picture):
        return scaled(picture, picture.size)
    box = _outwards(picture.box, picture.frames[0].size)
    return _with_frames(picture, tuple(_cropped(frame, box) for frame in picture.frames))


def _on_pixels(picture: Picture) -> bool:
    """Whether the picture is a part of its frames, pixel by pixel."""
    left, top, right, bottom = edges = (*map(round, picture.box),)
    exact = all(abs(edge - exactly) < _EXACT for edge, exactly in zip(edges, picture.box, strict=True))
    return exact and (right - left, bottom - top) == picture.stored


def _outwards(box: Box, size: Size) -> Edges:
    """The whole pixels of a frame of this size that the box touches."""
    left, top, right, bottom = box
    return (
        max(0, math.floor(left + _EXACT)), max(0, math.floor(top + _EXACT)),
        min(size[0], math.ceil(right - _EXACT)), min(size[1], math.ceil(bottom - _EXACT)),
    )  # fmt: skip


def _inside(box: Box, edges: Edges) -> Box:
    """The box as seen from the edges; Pillow refuses one that ends a rounding error outside."""
    left, top, right, bottom = box
    x, y, x2, y2 = edges
    return max(left - x, 0.0), max(top - y, 0.0), min(right, x2) - x, min(bottom, y2) - y


def _cropped(image: Image.Image, box: Edges) -> Image.Image:
    return image if box == (0, 0, *image.size) else image.crop(box)
