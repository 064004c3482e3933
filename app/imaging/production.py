"""The work on a graph's pictures: each is made once, and from what earlier work has left on the shelf where it can be.

What stands on the shelf under a key is what would be made here, to the byte: the key tells the decoding, and of every
step its parameters, the picture that it was made from (which may be that of a larger resize) and the size that it took
for its source's. So nothing that another recipe made coarser, or from something else, has the same key.
"""

import weakref
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet

from PIL import Image

from app.imaging import identity
from app.imaging.condition import Traits
from app.imaging.effort import Effort
from app.imaging.graph import SOURCE, Graph, Work
from app.imaging.picture import Picture, Size, without_surroundings
from app.imaging.shelf import Shelf, Spoiled
from app.imaging.unfinished import Facts

_DECODED_AT_ONCE = ("image/jpeg", "image/bmp")
"""Types whose pixels are decoded in the time that it takes to read and check them from a file of pixels: 12 MP of JPEG
take 60 ms, and so do 36 MB. Nothing is gained by keeping those."""


class Production:
    """Of one page: `planned` are the steps whose pictures its outputs show, of which only `wanted` are made.

    What they are made from follows from all that are planned. `key` is that of the decoded page, for the shelf.
    """

    def __init__(
        self, graph: Graph, traits: Traits, planned: Iterable[str],
        wanted: Iterable[str] | None = None, shelf: Shelf | None = None, key: str = "",
    ) -> None:  # fmt: skip
        self._graph, self._traits, self._planned = graph, traits, list(planned)
        self._wanted = self._planned if wanted is None else list(wanted)
        self._shelf, self._source_key = shelf, key
        self._known: dict[str, Size] = {}
        self._there = dict(shelf.sizes()) if shelf else {}
        self._keys: dict[str, str] = {}
        self._made: dict[str, Picture] = {}
        self._open, self._done = set(self._wanted), set[str]()
        self._untouched: list[tuple[weakref.ref[Image.Image], ...]] = []
        self._decodes = self._steps = 0

    @property
    def size(self) -> Size:
        """Of the page as displayed; once all pictures are made."""
        return self._sizes[SOURCE]

    @property
    def effort(self) -> Effort:
        """Once all pictures are made."""
        needed = self._needed(self._wanted, set())
        whole = sum(work.holds for work in self._works if work.name in needed)
        return Effort(self._decodes, self._steps, whole - self._steps)

    def begin(self, decode: Callable[[], Picture]) -> None:
        """Decode the page, where anything is to be made of its pixels. Raises FileError."""
        self._plan()
        if self._from_source and SOURCE not in self._kept:
            self._made[SOURCE] = picture = decode()
            self._untouched.append(_frames_of(picture))
            self._decodes += 1

    def pictures(self) -> Iterator[tuple[str, Picture]]:
        """The picture of every wanted step, by name; each is let go when nothing needs it any more. Raises Spoiled."""
        if self._from_source:
            self._have(SOURCE)
        while self._left:
            work = self._left.pop(0)
            name = work.name
            if name not in self._kept:
                self._apply(work)
            self._have(name)
            self._let_go()
            if name in self._open:
                yield name, self._made[name]
                self._open.remove(name)
                self._let_go()
        if SOURCE in self._open:
            yield SOURCE, self._made[SOURCE]

    def is_untouched(self, picture: Picture) -> bool:
        """Whether its frames are those of the file, as they were decoded."""
        return any(
            len(own) == len(picture.frames)
            and all(of() is frame for of, frame in zip(own, picture.frames, strict=True))
            for own in self._untouched
        )

    def _plan(self) -> None:
        """With the sizes that are known: some depend on what a picture shows, and what is made from it on them.

        A key that is made of a size that is not known yet finds nothing: all that was made from that picture tells it.
        """
        while True:
            self._sizes = self._graph.sizes(self._traits, self._known)
            self._works = self._graph.works(self._traits, self._sizes, self._planned)
            if self._shelf is None:
                break
            self._keys = {SOURCE: self._source_key}
            for work in self._works:
                self._keys[work.name] = identity.of_work(work, self._keys[work.pixels])
            told = ((name, self._there.get(key)) for name, key in self._keys.items() if name not in self._known)
            news = next(((name, size) for name, size in told if size and size != self._sizes[name]), None)
            if news is None:
                break
            self._known[news[0]] = news[1]
        self._kept = {name for name, key in self._keys.items() if self._shelf and key in self._shelf}
        needed = self._needed(self._open, self._done | self._kept)
        self._from_source = SOURCE in needed
        self._left = [work for work in self._works if work.name in needed and work.name not in self._done]

    def _needed(self, wanted: Iterable[str], there: AbstractSet[str]) -> set[str]:
        """The steps without which what is wanted can not be made."""
        needed = set(wanted)
        for work in reversed(self._works):
            if work.name in needed and work.name not in there:
                needed.add(work.pixels)
        return needed

    def _apply(self, work: Work) -> None:
        if work.pixels not in self._made:
            raise Spoiled
        self._made[work.name] = self._graph.done(work, self._made[work.pixels])
        self._steps += work.holds

    def _have(self, name: str) -> None:
        """Its picture is made, or on the shelf."""
        if self._shelf and name not in self._made:
            self._made[name], untouched = self._shelf.take(self._keys[name])
            if untouched:
                self._untouched.append(_frames_of(self._made[name]))
        self._learn(name)
        self._offer(name)

    def _learn(self, name: str) -> None:
        """The size of a picture that is made; where it is another than planned, what comes after may change."""
        size = self._made[name].size
        self._done.add(name)
        self._known[name] = size
        if size != self._sizes[name]:
            self._plan()

    def _offer(self, name: str) -> None:
        """To the shelf, where an output shows the picture or its last step is made from it."""
        if self._shelf is None or (
            self._keys[name] == self._source_key and self._traits.media_type in _DECODED_AT_ONCE
        ):
            return
        if name in self._wanted or any(work.pixels == name and work.name in self._wanted for work in self._works):
            picture, sources = self._made[name], {step.name: step.source for step in self._graph.steps}
            sizes, at = {self._keys[name]: picture.size}, name
            while at != SOURCE:
                at = sources[at]
                sizes[self._keys[at]] = self._sizes[at]
            untouched = picture.is_whole and self.is_untouched(picture)
            kept = picture if untouched else without_surroundings(picture)
            self._shelf.put(kept, Facts(key=self._keys[name], untouched=untouched, sizes=sizes))

    def _let_go(self) -> None:
        used = {work.pixels for work in self._left if work.name not in self._kept}
        for name in set(self._made) - used - self._open:
            del self._made[name]


def _frames_of(picture: Picture) -> tuple[weakref.ref[Image.Image], ...]:
    """Not the frames themselves, which are the only large pixels there are."""
    return tuple(weakref.ref(frame) for frame in picture.frames)
