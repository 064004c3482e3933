"""libvips as a process of its own: `python -m tests.judges.vips` answers one JSON line for each one that it reads.

libvips starts threads, and a process that has used it hangs in some of the children that it forks. The tests fork.
"""

import json
import sys
from typing import Any

import numpy as np
import pyvips


def opened(source: dict[str, Any]) -> pyvips.Image:
    match source:
        case {"file": path, "options": options}:
            return pyvips.Image.new_from_file(path, **options)
        case {"black": (width, height)}:
            return pyvips.Image.black(width, height)
        case {"array": path}:
            return pyvips.Image.new_from_array(np.load(path))
    raise ValueError(source)


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Nothing is computed for a size alone: libvips works only when it is asked for pixels."""
    image = opened(question["source"])
    for operation, arguments, options in question["steps"]:
        if "interpolate" in options:
            options["interpolate"] = pyvips.Interpolate.new(options["interpolate"])
        image = getattr(image, operation)(*arguments, **options)
    if path := question.get("pixels"):
        np.save(path, image.numpy())
    if path := question.get("file"):
        image.write_to_file(path, **question["options"])
    return {"size": [image.width, image.height], "corner": [-image.xoffset, -image.yoffset]}


def main() -> None:
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line))
        except (pyvips.Error, ValueError, TypeError, AttributeError) as error:
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
