"""As it is written first: open, turn upright, thumbnail, save, for every output."""

from typing import Any

from PIL import Image, ImageOps, ImageSequence

from bench.imaging.saving import options


def make(job: dict[str, Any]) -> None:
    for output in job["outputs"]:
        with Image.open(job["source"]) as image:
            if job["animated"]:
                frames = [frame.copy() for frame in ImageSequence.Iterator(image)]
                frames[0].save(output["path"], save_all=True, append_images=frames[1:], **options(output))
            else:
                upright = ImageOps.exif_transpose(image)
                upright.thumbnail((output["width"], image.height))
                upright.save(output["path"], **options(output))
