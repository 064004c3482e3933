"""Decoding, once, into pixels that can be resampled: L, LA, RGB, RGBA, CMYK or LAB, 8 bits a channel."""

import io
import itertools
import math
from collections.abc import Iterator, Sequence

from PIL import Image, ImageFile, ImageMath, ImageOps, TiffImagePlugin

from app.imaging import png
from app.imaging.apng import Apng, read_apng
from app.imaging.composition import Disposal, Part, composed
from app.imaging.condition import Traits
from app.imaging.gif import Gif, read_gif
from app.imaging.orientation import orientation_of
from app.imaging.picture import Box, Metadata, Picture, Size
from app.imaging.webp import flagged, shows_ground

_RESAMPLED_AS = {"1": "L", "PA": "RGBA", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "YCbCr": "RGB", "HSV": "RGB"}
# PNG gives its transparent colour in the depth of the file, Pillow the pixels in 8 bits: the factor between the two.
_STORED_DEPTH = {"L;2": 85, "L;4": 17}
_GIF_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE, 4: Disposal.RESTORE}  # 4 by encoders that counted bits
_APNG_DISPOSALS = {1: Disposal.CLEAR, 2: Disposal.RESTORE}
_REPLACES = 0


def decode(image: ImageFile.ImageFile, share: float, count: int = 1) -> Picture:
    """Load the first frames; a JPEG or PNG at a fraction that leaves at least this share of each side."""
    xmp = image.info.pop("xmp", None)  # the TIFF plugin would turn the pixels by it
    full_size = image.size
    png.check(image)
    plain = png.decoded(image, share) if count == 1 else None
    box = _draft(image, share) if plain is None else plain[1]
    image = _transparent_webp(image) or image
    frames, durations, loop = _frames(image, count) if plain is None else ((plain[0],), (), 0)
    profile, exif = image.info.get("icc_profile"), image.info.get("exif")
    return Picture(
        frames=frames,
        box=box or (0, 0, *full_size),
        stored=full_size,
        orientation=orientation_of(image),
        profile=profile if isinstance(profile, bytes) else None,
        durations=_whole_milliseconds(durations) if len(frames) > 1 else (),
        loop=loop if len(frames) > 1 else 0,
        metadata=Metadata(exif if isinstance(exif, bytes) else None, xmp if isinstance(xmp, bytes) else None),
    )


def divisor(traits: Traits, share: float) -> int:
    """What the sides of a file's pixels are divided by where it is decoded for this share.

    Files that are not decoded at a fraction after all have 1, or whatever they would have: equal numbers stand for
    equal pixels of the same file.
    """
    if traits.media_type == "image/png":
        return png.factor(traits.size, share, alpha=traits.alpha)
    if traits.media_type != "image/jpeg":
        return 1
    least = min(there // here for there, here in zip(traits.size, _at_least(traits.size, share), strict=True))
    return max(eighth for eighth in (1, 2, 4, 8) if eighth <= least)


_Frames = tuple[tuple[Image.Image, ...], Sequence[float], int]
"""Frames, milliseconds and how often they are played."""


def _frames(image: ImageFile.ImageFile, count: int) -> _Frames:
    """Raises ValueError where there are fewer than the file says."""
    if image.fp is not None and image.format == "GIF":
        gif = read_gif(image.fp, count)
        frames = tuple(composed(_gif_parts(gif, image), image.size))
        durations, plays = [part.centiseconds * 10.0 for part in gif.parts], gif.plays
    elif image.fp is not None and image.format == "PNG" and getattr(image, "is_animated", False):
        apng = read_apng(image.fp, count)
        frames = tuple(composed(_apng_parts(apng), image.size))
        durations, plays = [part.milliseconds for part in apng.parts], apng.plays
    elif count == 1:
        return (_loaded(image),), (), 0
    else:
        loaded = [(_loaded(image).copy(), image.info.get("duration", 0)) for _ in _seeking(image, count)]
        frames, durations = tuple(frame for frame, _ in loaded), [duration for _, duration in loaded]
        plays = image.info.get("loop", 0)
    if len(frames) < count:
        raise ValueError(f"{len(frames)} of {count} frames")
    return frames, durations, plays


def _transparent_webp(image: ImageFile.ImageFile) -> ImageFile.ImageFile | None:
    """The same file opened again, where Pillow would give the ground of an animation as black."""
    if image.format != "WEBP" or image.mode != "RGB" or image.fp is None or not getattr(image, "is_animated", False):
        return None
    image.fp.seek(0)
    data = image.fp.read()
    return Image.open(io.BytesIO(flagged(data)), formats=("WEBP",)) if shows_ground(data) else None


def _gif_parts(gif: Gif, image: ImageFile.ImageFile) -> Iterator[Part]:
    assert image.fp is not None
    for part in gif.parts:
        if part.size[0] * part.size[1] > image.width * image.height:
            raise ValueError("a frame is larger than its canvas")
        pixels = _part_of("GIF", part.alone(image.fp))
        if pixels.mode in ("L", "LA"):  # without a palette, or with one of greys; the next part may have colours
            pixels = pixels.convert("RGB" if pixels.mode == "L" else "RGBA")
        yield Part(pixels, part.at, _GIF_DISPOSALS.get(part.disposal, Disposal.KEEP))


def _apng_parts(apng: Apng) -> Iterator[Part]:
    for part in apng.parts:
        pixels = _part_of("PNG", apng.alone(part))
        yield Part(pixels, part.at, _APNG_DISPOSALS.get(part.disposal, Disposal.KEEP), part.blend == _REPLACES)


def _part_of(pillow_name: str, data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=(pillow_name,)) as image:
        pixels = _loaded(image)
    pixels.info = {}
    return pixels


def _seeking(image: ImageFile.ImageFile, count: int) -> Iterator[None]:
    for at in range(count):
        image.seek(at)
        yield


def _loaded(image: ImageFile.ImageFile) -> Image.Image:
    stored = _raw_mode(image)
    image.load()
    return _resampleable(image, stored)


def _whole_milliseconds(durations: Sequence[float]) -> tuple[int, ...]:
    """Rounded so that nothing adds up: every frame begins within half a millisecond of its time."""
    ends = [round(end) for end in itertools.accumulate(durations)]
    return tuple(end - begin for begin, end in zip([0, *ends], ends, strict=False))


def _draft(image: ImageFile.ImageFile, share: float) -> Box | None:
    """The box of the image in what will be decoded: scaled decoding rounds the last row and column up."""
    if image.format not in ("JPEG", "MPO"):
        return None
    drafted = image.draft(None, _at_least(image.size, share))
    return None if drafted is None else drafted[1]


def _at_least(size: Size, share: float) -> Size:
    width, height = (max(1, math.ceil(side * share - 1e-9)) for side in size)
    return width, height


def _raw_mode(image: ImageFile.ImageFile) -> str:
    arguments = image.tile[0].args if image.tile else None
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _resampleable(image: ImageFile.ImageFile, stored: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        return _eight_bits(image)
    if image.mode == "P":
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if "transparency" in image.info and image.mode in ("1", "L", "RGB"):
        image.info["transparency"] = _transparent_colour(image.info["transparency"], stored)
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    mode = _RESAMPLED_AS.get(image.mode)
    return image if mode is None else image.convert(mode)


def _transparent_colour(colour: object, stored: str) -> object:
    if isinstance(colour, int):
        return colour * _STORED_DEPTH.get(stored, 1)
    if isinstance(colour, tuple) and stored == "RGB;16B":
        return tuple(channel >> 8 for channel in colour)  # as Pillow does with the pixels
    return colour


def _eight_bits(image: ImageFile.ImageFile) -> Image.Image:
    """Pillow's own conversion from I;16 clips at 255; this takes the high byte, as Pillow does for 16 bit RGB."""
    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    if tags.get(TiffImagePlugin.BITSPERSAMPLE) == (12,):
        grey = image.convert("I").point(lambda value: value * (255 / 4095) + 0.5).convert("L")
    else:
        order = "L;16B" if image.mode == "I;16B" else "L;16"
        grey = Image.frombytes("L", image.size, image.tobytes(), "raw", order)
    if tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0:
        grey = ImageOps.invert(grey)  # white is zero; Pillow heeds this for 8 bits, not for 16
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        opaque = ImageMath.lambda_eval(lambda of: (of["values"] != transparent) * 255, values=image.convert("I"))
        grey.putalpha(opaque.convert("L"))
    return grey
