"""The formats that are written, each in a file of its own, under the name of its file."""

import sys
from functools import cache
from types import MappingProxyType

from app.imaging import registry
from app.imaging.encoder import Encoder


@cache
def found() -> MappingProxyType[str, type[Encoder]]:
    """Every encoder there is, by the name of its format."""
    return registry.found(sys.modules[__name__], Encoder)
