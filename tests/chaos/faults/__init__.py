"""The ways to break a Darkroom. A fault is a function in one of the modules here, found and not listed.

It gets the rig and a random generator of its own, breaks something, repairs it where it does not repair itself, and
returns what it struck, in a few words. It raises Missed where there was nothing to strike.
"""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

from tests.chaos.rig import Rig

Strike = Callable[[Rig, Random], str]

LASTING = "lasting"
"""Its consequences are repaired by time limits of about a minute, so that a short run has it first."""


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    strike: Strike
    alone: str = ""
    """Of the faults that name the same thing here no two are in force at once."""
    lasting: bool = False
    needs_mount: bool = False


_registry: list[Fault] = []


def fault(
    kind: str, *, alone: str = "", lasting: bool = False, needs_mount: bool = False
) -> Callable[[Strike], Strike]:
    def register(strike: Strike) -> Strike:
        _registry.append(Fault(kind, strike, alone, lasting, needs_mount))
        return strike

    return register


@cache
def found() -> tuple[Fault, ...]:
    """Every fault of every module in this folder, by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(sorted(_registry, key=lambda one: one.kind))
