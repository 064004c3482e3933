"""What is read of a file: one page after the other, of which a picture has one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from app.imaging.condition import Traits
from app.imaging.picture import Picture


@dataclass(frozen=True, slots=True)
class Page:
    """Its header is read and checked; `decode(share, frames)` gives its pixels, at this share of its sides or more."""

    traits: Traits
    decode: Callable[[float, int], Picture]


Pages = Callable[[int], AbstractContextManager[Page]]
"""Opens the page with a number, from 1 on; one at a time."""
