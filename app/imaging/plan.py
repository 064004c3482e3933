"""What a recipe would do to a picture, without doing it: sizes exactly, memory and time as an estimate.

The costs are those of one core of the machine of docs/performance.md, as bench/costs.py measures them with photographs;
another one's differ by a factor, and so does a picture that is unusually hard to encode. They are good for telling a
second from a minute, and a hundred megabytes from gigabytes.
"""

import math
from dataclasses import dataclass

from app.imaging import libvips, png
from app.imaging.condition import Traits
from app.imaging.encoder import Encoder, name_of
from app.imaging.graph import SOURCE
from app.imaging.operation import name_of as operation_name
from app.imaging.outputs import Making
from app.imaging.picture import Size

_MEGA = 1_000_000
_CODEC_BYTES = 8 * _MEGA
"""What codecs take besides pixels: their code, tables and output."""

_DECODE_MS = {
    "image/jpeg": 3.3, "image/png": 20, "image/webp": 8.5, "image/avif": 8, "image/heic": 27, "image/gif": 8,
    "image/tiff": 10, "image/bmp": 1.5, "application/pdf": 7,
}  # fmt: skip
"""Milliseconds a megapixel of the file; what is decoded at a fraction costs half of it at the least. A small PNG takes
26, a large one 13."""
_OTHER_DECODE_MS = 10.0
_STEP_MS = {
    "adjust": 5, "autorotate": 2, "blur": 35, "colorspace": 10, "crop": 8, "extend": 10, "flatten": 2, "flip": 1,
    "flop": 1, "grayscale": 1.5, "mask": 13, "pixelate": 1, "resize": 2, "rotate": 65, "round_corners": 10,
    "sharpen": 20, "strip": 0, "tint": 2.5, "trim": 3, "watermark": 2,
}  # fmt: skip
"""Milliseconds a megapixel, of the examples in the reference. A crop that looks for what matters; a turn by any angle;
colours that have to be converted, and with alpha."""
_OTHER_STEP_MS = 10.0
_ENCODE_MS: dict[str, tuple[float, ...]] = {
    "avif": (47, 46, 170, 310, 480, 2300, 3000, 6000, 9400, 11_400, 27_000),
    "gif": (200,),
    "jpeg": (2.5,),
    "png": (37, 69, 75, 106, 132, 190, 380, 510, 880, 1030),
    "tiff": (32,),
    "webp": (16, 20, 27, 64, 64, 70, 108),
}
"""Milliseconds a megapixel, by effort where there is one."""
_OTHER_ENCODE_MS = (30.0,)
_TRIES = 6
"""How often a quality that is looked for is tried: bisection of the 56 from 40 to 95."""


@dataclass(frozen=True, slots=True)
class PlannedOutput:
    """The size is an upper bound where it depends on what the picture shows."""

    name: str
    format: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Plan:
    """`decoded_megapixels` are of all frames, after decoding at a fraction where that is possible.

    `memory_bytes` is what the work adds to a process. All outputs are made of each of so many `pages`, one after the
    other; `seconds` are for all of them.
    """

    outputs: list[PlannedOutput]
    pages: int
    decoded_megapixels: float
    memory_bytes: int
    seconds: float


def plan(making: Making, traits: Traits, max_pages: int = 1) -> Plan:
    """What is made of a picture with these traits. Raises UnsuitableImage where the recipe can not be made of it."""
    making = making.resolved(traits.media_type)
    sizes = making.graph.sizes(traits)
    pages = len(making.pages(traits.pages, max_pages))
    decoded = _decoded(traits, making.graph.share(traits, set(making.sources)))
    frames = traits.shown if making.animates else 1
    area = {name: size[0] * size[1] * frames / _MEGA for name, size in sizes.items()} | {
        SOURCE: decoded[0] * decoded[1] * frames / _MEGA
    }
    return Plan(
        [PlannedOutput(output.name, name_of(output.encoder), *sizes[output.source]) for output in making.outputs],
        pages,
        round(area[SOURCE], 2),
        _memory(making, area, traits),
        round(_seconds(making, area, traits, frames) * pages, 3),
    )


def _decoded(traits: Traits, share: float) -> Size:
    """JPEG decodes at 1/1, 1/2, 1/4 and 1/8, libvips plain PNGs at 1/1, 1/2, 1/3, …; nothing else at a fraction."""
    scale = 1.0
    if traits.plain and libvips.version():
        scale /= png.factor(traits.size, share, alpha=traits.alpha)
    if traits.media_type == "image/jpeg":
        while scale > 1 / 8 and scale / 2 >= share:
            scale /= 2
    width, height = (max(1, math.ceil(side * scale)) for side in traits.size)
    return width, height


def _memory(making: Making, area: dict[str, float], traits: Traits) -> int:
    """The decoded picture, the largest that is made of it, and what the encoder of that takes."""
    bands = 4 if traits.alpha else 3
    made = sorted((area[step.name] for step in making.graph.steps), reverse=True)[:2]
    encoded = max((area[output.source] for output in making.outputs), default=0.0)
    return _CODEC_BYTES + round((area[SOURCE] + sum(made) + 2 * encoded) * bands * _MEGA)


def _seconds(making: Making, area: dict[str, float], traits: Traits, frames: int) -> float:
    full = traits.size[0] * traits.size[1] * frames / _MEGA
    decode = _DECODE_MS.get(traits.media_type, _OTHER_DECODE_MS) * (full + area[SOURCE]) / 2
    steps = sum(
        _STEP_MS.get(operation_name(step.operation), _OTHER_STEP_MS) * _worked_on(making, step.name, area)
        for step in making.graph.steps
    )
    encode = sum(_encode_ms(output.encoder) * area[output.source] for output in making.outputs)
    return (decode + steps + encode) / 1000


def _worked_on(making: Making, name: str, area: dict[str, float]) -> float:
    """A step reads its source's pixels and writes its own; of several resizes only the largest reads the source."""
    step = next(step for step in making.graph.steps if step.name == name)
    siblings = [area[other.name] for other in making.graph.steps if other.source == step.source]
    read = area[step.source] if area[name] == max(siblings) else area[name] * 4
    return (min(read, area[step.source]) + area[name]) / 2


def _encode_ms(encoder: Encoder) -> float:
    costs = _ENCODE_MS.get(name_of(encoder), _OTHER_ENCODE_MS)
    effort = min(getattr(encoder, "effort", 0), len(costs) - 1)
    searched = getattr(encoder, "quality", None) == "auto" or getattr(encoder, "max_bytes", None) is not None
    return costs[effort] * (_TRIES if searched else 1)
