"""Making names differ that have to."""

import re
from collections.abc import Callable, Hashable, Sequence

_PAGE = re.compile(r"-p([1-9][0-9]*)$")


def of_page(name: str, page: int | None) -> str:
    """What something is called that exists for every page of a file: `photo-jpeg-p2`. None: it has one page."""
    return name if page is None else f"{name}-p{page}"


def without_page(name: str) -> str:
    """The other way round."""
    return _PAGE.sub("", name)


def page_of(name: str) -> int | None:
    found = _PAGE.search(name)
    return int(found[1]) if found else None


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
