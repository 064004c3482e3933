"""What `quality: auto` finds and costs on photographs: `python -m bench.quality FOLDER`. docs/quality.md quotes it."""

import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from app.imaging import encoders
from app.imaging.picture import of
from app.imaging.similarity import Reference

WIDTHS = {"jpeg": 1200, "webp": 1200, "avif": 600}
TARGETS = (0.96, 0.97, 0.98)
RUNS = 7


def photos(folder: Path, width: int) -> list[Image.Image]:
    images = [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.jpg"))]
    return [image.resize((width, round(image.height * width / image.width))) for image in images]


def milliseconds(work: Callable[[], object]) -> float:
    """Of CPU, the median of some runs."""
    times = []
    for _ in range(RUNS):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return 1000 * statistics.median(times)


def costs(image: Image.Image) -> None:
    reference = Reference(image)
    print(f"\n{image.width} × {image.height}: ms of CPU, medians of {RUNS}\n\n| what | ms |\n| --- | --- |")
    print(f"| the statistics of the reference, once | {milliseconds(lambda: Reference(image)):.1f} |")
    print(f"| one SSIM | {milliseconds(lambda: reference.ssim(image)):.1f} |")
    for name in WIDTHS:
        encoder = encoders.found()[name]()
        data = encoder.encode(of(image)).data
        encoded = milliseconds(lambda encoder=encoder: encoder.encode(of(image)))
        decoded = milliseconds(lambda data=data: Image.open(io.BytesIO(data)).load())
        print(f"| {name}: encode; decode | {encoded:.1f}; {decoded:.1f} |")


def found(name: str, images: list[Image.Image]) -> None:
    kind = encoders.found()[name]
    usual = sum(len(kind().encode(of(image)).data) for image in images)
    print(f"| {name}, {images[0].width} px | {kind().quality} | | {usual / 1000:.0f} | 1 |")
    for target in TARGETS:
        results = [kind(quality="auto", ssim=target).encode(of(image)) for image in images]
        qualities = ", ".join(str(quality) for quality in sorted(result.quality for result in results))
        size = sum(len(result.data) for result in results)
        tries = statistics.mean(result.tries for result in results)
        print(f"| | auto, {target} | {qualities} | {size / 1000:.0f} | {tries:.1f} |")


def main() -> None:
    folder = Path(sys.argv[1])
    costs(photos(folder, 1600)[0])
    print("\n| format | quality | found | KB | tries |\n| --- | --- | --- | --- | --- |")
    for name, width in WIDTHS.items():
        found(name, photos(folder, width))


if __name__ == "__main__":
    main()
