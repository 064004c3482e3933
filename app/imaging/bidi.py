"""The order in which the runs of a line stand, from left to right, where some are read from right to left.

Needed only where no one font has a whole text: HarfBuzz and FriBidi order what is set in one font. This is the implicit
part of the Unicode Bidirectional Algorithm (https://www.unicode.org/reports/tr9/, rules P2 to N2, I1 to L2) without
pairs of brackets (N0); the explicit controls are refused in texts.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")
Kinds = list[str]
_NEUTRAL = ("B", "S", "WS", "ON")


def levels(text: str) -> list[int]:
    """One for every character: even ones are read from left to right, odd ones from right to left."""
    kinds = [unicodedata.bidirectional(character) or "ON" for character in text]
    base = int(next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L")
    side = "R" if base else "L"
    for resolve in (_marks_and_letters, _separators, _terminators, _european_numbers, _neutrals):
        resolve(kinds, side)
    # I1 and I2
    higher = {"L": 0, "R": 1} if base == 0 else {"L": 1, "R": 0}
    found = [base + higher.get(kind, 1 if base else 2) for kind in kinds]
    for at in range(len(text) - 1, -1, -1):  # L1
        if not text[at].isspace():
            break
        found[at] = base
    return found


def visual(runs: Sequence[T], level_of: Callable[[T], int]) -> list[T]:
    """Runs of one level each, in the order of reading, as they stand from left to right (L2)."""
    order = list(runs)
    highest = max(map(level_of, order), default=0)
    for level in range(highest, 0, -1):
        parts = groupby(order, key=lambda run: level_of(run) >= level)
        order = [run for turned, part in parts for run in _turned(part, turned)]
    return order


def _turned(part: Iterable[T], turned: bool) -> list[T]:
    return list(part)[::-1] if turned else list(part)


def _marks_and_letters(kinds: Kinds, side: str) -> None:
    """W1 to W3."""
    before = strong = side
    for at, kind in enumerate(kinds):
        before = before if kind in ("NSM", "BN") else kind
        strong = before if before in ("L", "R", "AL") else strong
        arabic = before == "EN" and strong == "AL"
        kinds[at] = "AN" if arabic else "R" if before == "AL" else before


def _separators(kinds: Kinds, side: str) -> None:
    """W4."""
    for at in range(1, len(kinds) - 1):
        before, kind, after = kinds[at - 1 : at + 2]
        if before == after and (before, kind) in (("EN", "ES"), ("EN", "CS"), ("AN", "CS")):
            kinds[at] = before


def _terminators(kinds: Kinds, side: str) -> None:
    """W5 and W6."""
    for start, end in _stretches(kinds, ("ET",)):
        if "EN" in (_at(kinds, start - 1, side), _at(kinds, end, side)):
            kinds[start:end] = ["EN"] * (end - start)
    kinds[:] = ["ON" if kind in ("ES", "ET", "CS") else kind for kind in kinds]


def _european_numbers(kinds: Kinds, side: str) -> None:
    """W7."""
    strong = side
    for at, kind in enumerate(kinds):
        strong = kind if kind in ("L", "R") else strong
        kinds[at] = "L" if kind == "EN" and strong == "L" else kind


def _neutrals(kinds: Kinds, side: str) -> None:
    """N1 and N2; numbers count as read from right to left."""
    for start, end in _stretches(kinds, _NEUTRAL):
        before, after = (
            "R" if kind in ("EN", "AN") else kind for kind in (_at(kinds, start - 1, side), _at(kinds, end, side))
        )
        kinds[start:end] = [before if before == after else side] * (end - start)


def _at(kinds: Kinds, at: int, side: str) -> str:
    return kinds[at] if 0 <= at < len(kinds) else side


def _stretches(kinds: Kinds, wanted: Sequence[str]) -> list[tuple[int, int]]:
    """Start and end of every unbroken row of these kinds."""
    found, start = [], 0
    for inside, part in groupby(list(kinds), key=lambda kind: kind in wanted):
        end = start + len(list(part))
        if inside:
            found.append((start, end))
        start = end
    return found
