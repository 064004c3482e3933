"""libvips by way of pyvips, with the same tactics: decoded at a fraction, each width from the next larger one."""

from typing import Any

import pyvips

_ANY_HEIGHT = 10_000_000


def make(job: dict[str, Any]) -> None:
    if job["animated"]:
        (output,) = job["outputs"]
        image = pyvips.Image.new_from_file(job["source"], n=-1, access="sequential")
        image.write_to_file(output["path"], **options(output))
        return
    image = None
    for output in job["outputs"]:
        if image is None:
            image = pyvips.Image.thumbnail(job["source"], output["width"], height=_ANY_HEIGHT, size="down")
            image = image.copy_memory()
        elif image.width != output["width"]:
            image = image.resize(output["width"] / image.width).copy_memory()
        image.write_to_file(output["path"], **options(output))


def options(output: dict[str, Any]) -> dict[str, Any]:
    quality = {"Q": output["quality"], "keep": "none"}
    match output["format"]:
        case "webp":
            return quality | {"effort": output["method"]}
        case "avif":  # libaom's speed is 9 less the effort
            return quality | {"effort": 9 - output["speed"], "subsample_mode": "on"}
        case _:
            return quality | {"subsample_mode": "on"}
