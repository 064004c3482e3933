"""Making names differ that have to."""

from collections.abc import Callable, Hashable, Sequence


def unique(
    names: Sequence[str], numbered: Callable[[str, int], str], same: Callable[[str], Hashable] = str
) -> list[str]:
    """Every name as it is where it comes first; where it comes again, with the first number that nobody else has.

    Names for which `same` gives equal values count as one name.
    """
    taken = {same(name) for name in names}
    seen: set[Hashable] = set()
    last: dict[Hashable, int] = {}
    result = []
    for name in names:
        new, key = name, same(name)
        if key in seen:
            while same(new) in taken:
                last[key] = last.get(key, 1) + 1
                new = numbered(name, last[key])
            taken.add(same(new))
        seen.add(key)
        result.append(new)
    return result
