"""The operations, each in a file of its own, under the name of its file."""

import sys
from functools import cache
from types import MappingProxyType

from app.imaging import registry
from app.imaging.operation import Operation


@cache
def found() -> MappingProxyType[str, type[Operation]]:
    """Every operation there is, by name."""
    return registry.found(sys.modules[__name__], Operation)
