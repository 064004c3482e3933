"""The limit: the codecs that the pipeline uses, with all tactics written out by hand, and nothing else.

No graph, no limits, no colours, no orientation, no metadata, no placeholder: it believes the file.
"""

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
