"""The collectors, each in a file of its own, under the name of its file."""

import sys
from functools import cache
from types import MappingProxyType

from app.imaging import registry
from app.imaging.collector import Collector


@cache
def found() -> MappingProxyType[str, type[Collector]]:
    """Every collector there is, by name."""
    return registry.found(sys.modules[__name__], Collector)
