"""Darkroom's pipeline, in the process itself."""

from functools import cache
from pathlib import Path
from typing import Any

from app.imaging import encoders
from app.imaging.graph import SOURCE, Graph, Step
from app.imaging.limits import Limits
from app.imaging.operations.resize import Resize
from app.imaging.outputs import Making, Output
from app.imaging.pipeline import render

_LIMITS = Limits(max_pixels=100_000_000, max_frames=500)
_Wanted = tuple[tuple[int | None, str, int, int | None], ...]


def make(job: dict[str, Any]) -> None:
    outputs = job["outputs"]
    wanted = tuple((one["width"], one["format"], one["quality"], _effort(one)) for one in outputs)
    render(_path(job["source"]), _making(wanted), _path(outputs[0]["path"]).parent, _LIMITS)


@cache
def _path(text: str) -> Path:
    """Workers have it as a path; the other ways take it as it is."""
    return Path(text)


@cache
def _making(wanted: _Wanted) -> Making:
    """Once for each workload; what it takes from a recipe is measured by bench/item.py."""
    widths = dict.fromkeys(width for width, *_ in wanted if width)
    steps = [Step(str(width), Resize(width=width, without_enlargement=True), SOURCE) for width in widths]
    return Making(Graph(steps), tuple(_output(*one) for one in wanted))


def _output(width: int | None, form: str, quality: int, effort: int | None) -> Output:
    settings = {"quality": quality} | ({} if effort is None else {"effort": effort})
    return Output(str(width or "same"), str(width or SOURCE), encoders.found()[form](**settings))


def _effort(output: dict[str, Any]) -> int | None:
    return 10 - output["speed"] if "speed" in output else output.get("method")
