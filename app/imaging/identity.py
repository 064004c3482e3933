"""What an output is made of and how, as a key: equal keys stand for the same output."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from app.imaging import encoder, engine, operation
from app.imaging.graph import SOURCE, Step, Work
from app.imaging.outputs import Making, Output


def keys(sha256: str, making: Making, page: int | None = None) -> dict[str, str]:
    """The key of every output that is made of the file with this content, or of a page of it, by the output's name.

    It covers the content, the page, every step up to the output with all of its parameters, the format with all of its
    settings, and the engine; names of steps and outputs, and whatever other outputs there are, do not matter.
    """
    steps = {step.name: step for step in making.graph.steps}
    source = [sha256, page or 1, making.dpi]
    return {output.name: _key(source, steps, output) for output in making.outputs}


def together(keys: Iterable[str]) -> str:
    """The key of all outputs of an item: where it is equal, so is all that was made and found out."""
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()


def _key(source: list[Any], steps: dict[str, Step], output: Output) -> str:
    chain, at = [], output.source
    while at != SOURCE:
        chain.append(_told(steps[at]))
        at = steps[at].source
    form = [encoder.name_of(output.encoder), output.encoder.model_dump(mode="json")]
    return _digest([engine.version(), source, chain, form])


def of_source(sha256: str, making: Making, page: int | None, divisor: int, frames: int) -> str:
    """The key of a file's decoded pixels: the sides divided by `divisor`, so many frames.

    It covers also what the recipe wants of colours, which is how the graph treats every picture that is made from it.
    """
    return _digest([engine.version(), sha256, page or 1, making.dpi, divisor, frames, making.graph.late_colours])


def of_work(work: Work, pixels: str) -> str:
    """The key of what a step makes of the picture with the key `pixels`, to the byte."""
    return _digest([*_operation(work.step), work.size, pixels]) if work.holds else pixels


def _told(step: Step) -> list[Any]:
    return [*_operation(step), step.when.model_dump(mode="json") if step.when else None]


def _operation(step: Step) -> list[Any]:
    told = step.operation
    return [operation.name_of(told), told.model_dump(mode="json"), told.surroundings]


def _digest(told: list[Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
