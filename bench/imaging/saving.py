"""What all ways that use Pillow ask of its encoders."""

from typing import Any

from PIL import Image

Size = tuple[int, int]


def animation(job: dict[str, Any]) -> Image.Image:
    """Returns the first frame."""
    (output,) = job["outputs"]
    with Image.open(job["source"]) as image:
        frames, durations = [], []
        for at in range(image.n_frames):
            image.seek(at)
            frames.append(image.convert("RGB"))
            durations.append(image.info["duration"])
        loop = image.info.get("loop", 0)
    key_frames = {"kmin": 29, "kmax": 30}
    frames[0].save(
        output["path"], save_all=True, append_images=frames[1:], duration=durations, loop=loop, **key_frames,
        **options(output),
    )  # fmt: skip
    return frames[0]


def fitted(size: Size, width: int) -> Size:
    return width, round(size[1] * width / size[0])


def options(output: dict[str, Any]) -> dict[str, Any]:
    quality = {"quality": output["quality"]}
    match output["format"]:
        case "webp":
            return quality | {"method": output["method"]}
        case "avif":
            return quality | {"speed": output["speed"], "subsampling": "4:2:0", "max_threads": 1}
        case _:
            return quality | {"subsampling": "4:2:0"}
