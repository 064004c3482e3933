"""A picture on its way through a recipe: its pixels, and what is still to be done to them.

Turning upright, converting colours and cutting cost the less the fewer pixels there are. So they are put off: a picture
remembers the part of its pixels that it shows (`box`), the turn that is left (`orientation`) and the profile that its
colours are in (`profile`), until `settled` does what is left. A resize takes all of that along.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from PIL import Image

from app.imaging.colours import Space, converted, reached
from app.imaging.orientation import UPRIGHT, displayed, stored_box, upright

Size = tuple[int, int]
Box = tuple[float, float, float, float]
"""left, top, right, bottom; the right and bottom edges are not part of it."""

Kept = Literal["icc", "orientation", "copyright", "exif", "xmp"]

# Pillow first shrinks by whole factors to no less than this many times the target, then takes the filter for the rest.
# 12 MP of noise, the worst case, to 800 px: 2.0 takes 58 ms and is 46.7 dB from plain Lanczos, 3.0 takes 135 ms and is
# plain Lanczos, 1.1 takes 27 ms and has 38.8 dB. JPEG q80 alone costs more than 2.0 does.
REDUCING_GAP = 2.0


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


def scaled(picture: Picture, size: Size, kernel: Image.Resampling = Image.Resampling.LANCZOS) -> Picture:
    """Resampled to this displayed size; turn and colours are left for later, when there are fewer pixels."""
    stored = displayed(size, picture.orientation)
    if picture.is_whole and stored == picture.stored:
        return picture
    box = _within(picture.box, picture.frames[0].size)
    frames = tuple(resampled(frame, stored, kernel, box) for frame in picture.frames)
    return replace(picture, frames=frames, box=(0, 0, *stored), stored=stored)


def resampled(
    image: Image.Image, size: Size, kernel: Image.Resampling = Image.Resampling.LANCZOS, box: Box | None = None
) -> Image.Image:
    """Pillow premultiplies LA and RGBA for it, so that transparent pixels do not bleed into the edges."""
    gap = None if kernel == Image.Resampling.NEAREST else REDUCING_GAP
    return image.resize(size, kernel, box=box, reducing_gap=gap)


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
    left, top, right, bottom = edges = (*map(round, picture.box),)
    size = right - left, bottom - top
    exact = all(abs(edge - exactly) < 1e-6 for edge, exactly in zip(edges, picture.box, strict=True))
    if exact and size == picture.stored:
        return _with_frames(picture, tuple(frame.crop((left, top, right, bottom)) for frame in picture.frames))
    return scaled(picture, picture.size)


def _within(box: Box, size: Size) -> Box:
    """Pillow refuses a box that ends a rounding error outside."""
    left, top, right, bottom = box
    return max(left, 0.0), max(top, 0.0), min(right, size[0]), min(bottom, size[1])
