"""Rate control: which quality to encode with, found by trying some.

Files grow and get more alike with the quality, but for small dents that depend on the encoder. So a search by bisection
ends at a step: a quality that is enough, above one that was tried and is not. Without dents it is the only one.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

LOWEST_TO_FIT = 10
"""Below, JPEG and WebP are blocks of one colour."""
LOWEST_ALIKE, HIGHEST_ALIKE = 40, 95
"""Below 40 the edges of smooth pictures fray, which a mean over all of the picture does not tell; above 95 files double
for what nobody sees. The figures are in docs/quality.md."""


class Tries(Generic[T]):
    """What came of each quality, which is encoded once only; `count` is how many were."""

    def __init__(self, encode: Callable[[int], T]) -> None:
        self._encode = encode
        self._made: dict[int, T] = {}

    def __call__(self, quality: int) -> T:
        if quality not in self._made:
            self._made[quality] = self._encode(quality)
        return self._made[quality]

    @property
    def count(self) -> int:
        return len(self._made)


def best_fitting(size: Callable[[int], int], limit: int, low: int, high: int) -> int | None:
    """A quality whose file has at most `limit` bytes, while that of the next higher one has more; or `high`.

    None where `low` and what else was tried has more.
    """
    if size(high) <= limit:
        return high
    fitting = step(lambda quality: size(quality) > limit, low, high - 1) - 1
    return fitting if fitting >= low else None


def lowest_alike(similarity: Callable[[int], float], target: float, low: int, high: int) -> int:
    """A quality that is at least as alike as `target`, while the next lower one is not; or `low`.

    `high` where nothing that was tried is.
    """
    return min(step(lambda quality: similarity(quality) >= target, low, high), high)


def step(holds: Callable[[int], bool], low: int, high: int) -> int:
    """A number from `low` to `high` for which it holds, while it does not for the one before.

    `high + 1` where it held for none that was tried, the last of which is `high`.
    """
    below, above = low - 1, high + 1
    while above - below > 1:
        middle = (below + above) // 2
        if holds(middle):
            above = middle
        else:
            below = middle
    return above
