"""
Few colours for many.

Opaque colours by median cut and a few rounds of k-means, which comes closer than median cut alone and than Pillow's
octree. Only the octree knows alpha, so it is for what is translucent. What is transparent, and what is opaque, stays
so. docs/quality.md has the figures, and where the octree alone would have been closer. libimagequant is under the GPL
and not in Pillow's wheels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops

_SETTLED = 10
"""k-means ends when fewer than one in so many pixels changes its colour: two thirds longer than median cut alone; to
the very end it was twelve to twenty times as long."""
_SOFT = 16
"""With fewer colours soft edges become hard ones: what the octree would make of them is farther off."""


def paletted(frames: Sequence[Image.Image], colours: int, *, dither: bool) -> tuple[Image.Image, ...]:
    """The frames, RGB or RGBA and of one size, in mode P with one palette, of 2 to 256 colours, for all.

    What has no more colours than that stays exact; but not where some of them are translucent.
    """
    width, height = frames[0].size
    mode = "RGBA" if any(frame.mode == "RGBA" for frame in frames) else "RGB"
    stack = Image.new(mode, (width, height * len(frames)))
    for at, frame in enumerate(frames):
        stack.paste(frame, (0, at * height))
    stack = _quantised(stack, colours, dither=dither)
    return tuple(stack.crop((0, at * height, width, (at + 1) * height)) for at in range(len(frames)))


@dataclass(frozen=True, slots=True)
class _Layer:
    """Pixels with a palette of their own; only those where the mask is white count."""

    mask: Image.Image
    pixels: Image.Image


def _quantised(image: Image.Image, colours: int, *, dither: bool) -> Image.Image:
    if image.mode == "RGB":
        return _opaque(image, colours, image.width * image.height, dither=dither)
    alpha = image.getchannel("A")
    if colours < _SOFT:
        alpha = alpha.point([0] * 128 + [255] * 128)
    clear, solid = alpha.point([255] + [0] * 255), alpha.point([0] * 255 + [255])
    translucent = ImageChops.invert(ImageChops.lighter(clear, solid))
    left = colours - bool(clear.getbbox())
    layers = []
    if solid.getbbox():
        opaque = _filled(image.convert("RGB"), solid)
        own, seen = left - _translucent_share(alpha, left), solid.histogram()[255]
        layers.append(_Layer(solid, _opaque(opaque, own, seen, dither=dither)))
        left -= len(_palette_of(layers[0].pixels)) // 4
    if translucent.getbbox():
        pixels = _filled(image, translucent).quantize(left, Image.Quantize.FASTOCTREE)
        layers.append(_Layer(translucent, pixels))
    return _merged(layers, clear)


def _opaque(image: Image.Image, colours: int, seen: int, *, dither: bool) -> Image.Image:
    """`seen` is how many of the pixels count: those that a mask hides never change their colour."""
    paletted = image.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=seen // _SETTLED + 1)
    if dither and image.getcolors(colours) is None:
        return image.quantize(palette=paletted, dither=Image.Dither.FLOYDSTEINBERG)
    return paletted


def _translucent_share(alpha: Image.Image, colours: int) -> int:
    """How many of so many colours are kept for what is translucent: by its share of the pixels, half at least.

    What the opaque ones leave over comes on top. A soft edge is few pixels, but in many colours and alphas.
    """
    counts = alpha.histogram()
    translucent, solid = sum(counts[1:255]), counts[255]
    if not translucent:
        return 0
    share = round(colours * translucent / (translucent + solid))
    return min(max(share, colours // 2, 1), colours - 1)


def _merged(layers: list[_Layer], clear: Image.Image) -> Image.Image:
    """One picture of all layers, whose palettes come one after the other; the rest is transparent."""
    indices, palette = Image.new("L", clear.size), bytearray()
    if clear.getbbox():
        palette += bytes(4)
    for layer in layers:
        first, own = len(palette) // 4, Image.frombytes("L", clear.size, layer.pixels.tobytes())
        indices.paste(own.point([min(first + index, 255) for index in range(256)]), mask=layer.mask)
        palette += _palette_of(layer.pixels)
    indices.putpalette(palette, "RGBA")
    return indices


def _palette_of(image: Image.Image) -> bytes:
    """As RGBA."""
    assert image.palette is not None
    values = bytes(image.palette.palette)
    if image.palette.mode == "RGBA":
        return values
    return b"".join(values[at : at + 3] + b"\xff" for at in range(0, len(values), 3))


def _filled(image: Image.Image, mask: Image.Image) -> Image.Image:
    """What the mask hides takes a colour that it does not, so that it has no say in the palette."""
    row, column = divmod(mask.tobytes().index(255), mask.width)
    colour = image.getpixel((column, row))
    assert isinstance(colour, tuple)
    filled = Image.new(image.mode, image.size, colour)
    filled.paste(image, mask=mask)
    return filled
