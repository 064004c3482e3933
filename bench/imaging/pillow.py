"""The bare loop with Pillow alone: its own resampling, with a reducing gap, and its own PNG decoder."""

from typing import Any

from PIL import Image

from bench.imaging.saving import animation, fitted, options


def make(job: dict[str, Any]) -> None:
    if job["animated"]:
        animation(job)
        return
    with Image.open(job["source"]) as image:
        size = image.size
        _, box = image.draft(None, fitted(size, job["outputs"][0]["width"])) or (None, None)
        image.load()
    for output in job["outputs"]:
        if image.width != output["width"]:
            new = fitted(size, output["width"])
            image, box = image.resize(new, Image.Resampling.LANCZOS, box=box, reducing_gap=2.0), None
        image.save(output["path"], **options(output))
