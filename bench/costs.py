"""Milliseconds a megapixel of everything that a plan counts with: `python -m bench.costs` prints what plan.py holds."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pillow_heif
from PIL import Image

from app.imaging import encoders, libvips, operations
from app.imaging.encoder import Encoder
from app.imaging.formats import PDF
from app.imaging.limits import Limits
from app.imaging.picture import Picture, of, settled
from app.imaging.reader import pages_of
from bench.photographs import sources

MEGA = 1_000_000
SIZE = (1600, 1200)
LARGE = (3200, 2400)
"""For PNG, of which libvips decodes the large ones."""
SMALL = (640, 480)
"""For encoders at efforts that take seconds a megapixel."""
FILES = {
    "image/jpeg": ("JPEG", {"quality": 90}), "image/png": ("PNG", {}), "image/webp": ("WEBP", {"quality": 80}),
    "image/avif": ("AVIF", {"quality": 60}), "image/heic": ("HEIF", {"quality": 60}), "image/gif": ("GIF", {}),
    "image/tiff": ("TIFF", {"compression": "tiff_lzw"}), "image/bmp": ("BMP", {}), PDF: ("PDF", {"resolution": 150}),
}  # fmt: skip
LIMITS = Limits(100_000_000, 500, accept=tuple(FILES))
SLOW = ("avif",)


def milliseconds(work: Callable[[], object], times: int = 5) -> float:
    """Of CPU, in the median."""
    taken = []
    for _ in range(times):
        begin = time.process_time()
        work()
        taken.append((time.process_time() - begin) * 1e3)
    return statistics.median(taken)


def decoding(photograph: Image.Image, folder: Path) -> Iterator[tuple[str, float]]:
    large = photograph.resize(LARGE, Image.Resampling.LANCZOS)
    for title, image in [*((media_type, photograph) for media_type in FILES), ("image/png", large)]:
        pillow_name, options = FILES[title]
        file = folder / pillow_name
        image.save(file, pillow_name, **options)

        def decode(file: Path = file) -> Picture:
            with pages_of(file, LIMITS, 150) as pages, pages(1) as page:
                return page.decode(1.0, 1)

        yield title, milliseconds(decode) / (image.width * image.height / MEGA)


def steps(photograph: Image.Image) -> Iterator[tuple[str, float]]:
    """As the examples of the reference have them: of the pixels that are read and written, the mean."""
    picture = of(photograph)
    for name, operation in operations.found().items():
        step = operation(**operation.example)
        result = settled(step.apply(picture))
        area = (photograph.width * photograph.height + result.size[0] * result.size[1]) / 2 / MEGA
        yield name, milliseconds(lambda step=step: settled(step.apply(picture))) / area


def encoding(photographs: list[Image.Image]) -> Iterator[tuple[str, list[float]]]:
    """By effort, where there is one; at the default quality, in the mean of all photographs."""
    for name, encoder in encoders.found().items():
        if name != "same":
            pictures = [of(one.resize(SMALL) if name in SLOW else one) for one in photographs]
            yield name, [statistics.mean(_encoding(one, each) for each in pictures) for one in efforts(encoder)]


def efforts(encoder: type[Encoder]) -> list[Encoder]:
    if "effort" not in encoder.model_fields:
        return [encoder()]
    highest = next(bound.le for bound in encoder.model_fields["effort"].metadata if hasattr(bound, "le"))
    return [encoder(effort=effort) for effort in range(highest + 1)]


def _encoding(encoder: Encoder, picture: Picture) -> float:
    area = picture.size[0] * picture.size[1] / MEGA
    return milliseconds(lambda: encoder.encode(picture), 1 if encoder.pillow_name == "AVIF" else 3) / area


def main() -> None:
    pillow_heif.register_heif_opener()  # for Pillow to write one
    libvips.load()
    photographs = [resized(path) for path in sources().large_jpegs]
    with tempfile.TemporaryDirectory() as folder:
        for media_type, cost in decoding(photographs[0], Path(folder)):
            print(f"decode {media_type:<16} {cost:7.1f}", flush=True)
    for name, cost in steps(photographs[0]):
        print(f"step   {name:<16} {cost:7.1f}", flush=True)
    for name, costs in encoding(photographs):
        print(f"encode {name:<16} {' '.join(f'{cost:7.1f}' for cost in costs)}", flush=True)


def resized(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
