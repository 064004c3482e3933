"""The steps of a recipe as a graph: what each gives, how large the file has to be decoded, and what is made of what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from app.imaging.condition import Condition, Traits
from app.imaging.operation import Operation
from app.imaging.operations.colorspace import Colorspace
from app.imaging.operations.resize import Resize
from app.imaging.operations.strip import Strip
from app.imaging.picture import Picture, Size, settled

SOURCE = "source"
"""The name under which steps and outputs refer to the picture as it was received."""


@dataclass(frozen=True, slots=True)
class Step:
    """`source` is the name of another step, or SOURCE. Where `when` does not hold, the picture goes on unchanged."""

    name: str
    operation: Operation
    source: str
    when: Condition | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A step, and the name of the step whose picture it is made from."""

    step: Step
    pixels: str
    size: Size
    """Of its source's picture."""
    holds: bool
    """Whether there is anything to do; else the picture goes on as it is."""

    @property
    def name(self) -> str:
        return self.step.name


class Graph:
    """Steps, each after the one that it takes its picture from."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)
        self.late_colours = any(isinstance(step.operation, (Colorspace, Strip)) for step in steps)
        self._expected = lru_cache(maxsize=8)(self._sizes)

    def sizes(self, traits: Traits, known: Mapping[str, Size] = MappingProxyType({})) -> Mapping[str, Size]:
        """The displayed size of every step's picture, for a source with these traits. Raises UnsuitableImage.

        Some depend on what the picture shows; they are at most that large, until they are `known`.
        """
        return self._sizes(traits, known) if known else self._expected(traits)

    def _sizes(self, traits: Traits, known: Mapping[str, Size] = MappingProxyType({})) -> Mapping[str, Size]:
        sizes = {SOURCE: known.get(SOURCE, traits.size)}
        for step in self.steps:
            size = sizes[step.source]
            sizes[step.name] = step.operation.sized(size) if _holds(step, traits, size) else size
            sizes[step.name] = known.get(step.name, sizes[step.name])
        return sizes

    def share(self, traits: Traits, wanted: set[str]) -> float:
        """The share of its sides at which the source has to be decoded, 0 to 1, for these steps to lose nothing."""
        sizes = self.sizes(traits)
        shares = dict.fromkeys(sizes, 0.0) | dict.fromkeys(wanted, 1.0)
        for step in reversed(self.steps):
            asked = shares[step.name]
            if asked and _holds(step, traits, sizes[step.source]):
                own = step.operation.share(sizes[step.source])
                asked = asked if own is None else own
            shares[step.source] = max(shares[step.source], asked)
        return shares[SOURCE]

    def works(self, traits: Traits, sizes: Mapping[str, Size], wanted: Sequence[str]) -> list[Work]:
        """What there is to do for the wanted steps, each after what it is made from.

        Of several resizes of one picture the largest is made first, and each smaller one from the next larger one,
        which costs a fraction of making each from the original.
        """
        needed = set(wanted)
        for step in reversed(self.steps):
            if step.name in needed:
                needed.add(step.source)
        works: list[Work] = []
        for step in self._largest_first(sizes):
            if step.name in needed:
                size = sizes[step.source]
                works.append(Work(step, self._pixels(step, works, traits, sizes), size, _holds(step, traits, size)))
        return works

    def done(self, work: Work, pixels: Picture) -> Picture:
        """The picture of the step."""
        operation = work.step.operation
        if not work.holds:
            return pixels
        if not isinstance(operation, Resize):
            return operation.apply(pixels)
        result = operation.resample(pixels, work.size)
        return result if self.late_colours else settled(result)

    def _largest_first(self, sizes: Mapping[str, Size]) -> list[Step]:
        """Every step after its source; of the resizes of one picture, the larger ones first."""

        def rank(step: Step) -> int:
            uncut = _uncut(step, sizes[step.source])
            return -uncut[0] * uncut[1] if uncut else 0

        order, known, left = [], {SOURCE}, list(self.steps)
        while left:
            source = next(step.source for step in left if step.source in known)
            siblings = [step for step in left if step.source == source]
            left = [step for step in left if step.source != source]
            order += sorted(siblings, key=rank)
            known |= {step.name for step in siblings}
        return order

    def _pixels(self, step: Step, works: Sequence[Work], traits: Traits, sizes: Mapping[str, Size]) -> str:
        """Whose picture the step is made from: its source's, or that of a resize of the same source that is enough."""
        size = sizes[step.source]
        uncut = _uncut(step, size)
        if uncut is None or not _holds(step, traits, size) or not _averages(step):
            return step.source
        for work in reversed(works):
            other = work.step.operation
            if work.step.source == step.source and isinstance(other, Resize) and other.keeps_whole():
                enough = all(there >= here for there, here in zip(other.uncut(size), uncut, strict=True))
                if enough and work.holds:
                    return work.step.name
        return step.source


def _holds(step: Step, traits: Traits, size: Size) -> bool:
    return step.when is None or step.when.holds(traits, size)


def _averages(step: Step) -> bool:
    """Whether it may be made from a picture that was resampled before; `nearest` takes pixels as they are."""
    return not isinstance(step.operation, Resize) or step.operation.kernel != "nearest"


def _uncut(step: Step, size: Size) -> Size | None:
    return step.operation.uncut(size) if isinstance(step.operation, Resize) else None
