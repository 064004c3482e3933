"""What is made of a picture: the graph of steps, and the files that come out of it."""

from dataclasses import dataclass

from app.imaging.encoder import Encoder
from app.imaging.graph import Graph


@dataclass(frozen=True, slots=True)
class Output:
    """One wanted file; `source` is the name of a step, or SOURCE. The name is unique among the outputs."""

    name: str
    source: str
    encoder: Encoder


@dataclass(frozen=True, slots=True)
class Making:
    """All that is to be made of one picture."""

    graph: Graph
    outputs: tuple[Output, ...]

    @property
    def sources(self) -> list[str]:
        """The steps whose pictures are wanted, each once."""
        return list(dict.fromkeys(output.source for output in self.outputs))

    @property
    def animates(self) -> bool:
        """Whether any output shows more than the first frame of an animation."""
        return any(output.encoder.animates for output in self.outputs)
