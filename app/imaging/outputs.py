"""What is made of a picture: the graph of steps, and the files that come out of it."""

from dataclasses import dataclass, replace

from app.imaging.encoder import Encoder
from app.imaging.graph import Graph


@dataclass(frozen=True, slots=True)
class Output:
    """One wanted file; `source` is the name of a step, or SOURCE. The name is unique among the outputs.

    `copies`: where the pixels are those of the file, they are not encoded again; or only if that makes it smaller
    (`smallest`).
    """

    name: str
    source: str
    encoder: Encoder
    copies: bool = False
    smallest: bool = False

    def resolved(self, media_type: str) -> "Output":
        """For a source of this type: itself, but for an output in the source's own format."""
        encoder = self.encoder.resolved(media_type)
        if encoder is self.encoder:
            return self
        return replace(self, encoder=encoder, copies=self.encoder.copies, smallest=self.encoder.smallest)


@dataclass(frozen=True, slots=True)
class Making:
    """All that is to be made of one picture: of the first page, or of every page, of a file that has several.

    A PDF's pages are pictures of `dpi` pixels to the inch. The outputs named in `there` are not made, because they are
    there already; the others become what they would become if all were made.
    """

    graph: Graph
    outputs: tuple[Output, ...]
    all_pages: bool = False
    dpi: int = 150
    there: frozenset[str] = frozenset()

    def pages(self, there: int, most: int) -> list[int | None]:
        """The numbers of the pages that are made of a file that has so many; None stands for the only or first one."""
        return [*range(1, min(there, most) + 1)] if self.all_pages and there > 1 else [None]

    def resolved(self, media_type: str) -> "Making":
        """For a source of this type: an output in the source's own format becomes one in that format."""
        return replace(self, outputs=tuple(one.resolved(media_type) for one in self.outputs))

    @property
    def missing(self) -> list[Output]:
        """The outputs that are to be made."""
        return [output for output in self.outputs if output.name not in self.there]

    @property
    def sources(self) -> list[str]:
        """The steps whose pictures all outputs show, each once."""
        return list(dict.fromkeys(output.source for output in self.outputs))

    @property
    def animates(self) -> bool:
        """Whether any output shows more than the first frame of an animation."""
        return any(output.encoder.animates for output in self.outputs)
