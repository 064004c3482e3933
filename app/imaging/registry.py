"""Operations and encoders are found, not listed: one module of a package is one of them."""

import importlib
import pkgutil
from types import MappingProxyType, ModuleType
from typing import TypeVar

T = TypeVar("T")


def found(package: ModuleType, base: type[T]) -> MappingProxyType[str, type[T]]:
    """The one subclass of `base` that each module of the package defines, under the name of its module."""
    classes = {}
    for module in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        names = vars(importlib.import_module(f"{package.__name__}.{module}"))
        own = [kind for kind in names.values() if isinstance(kind, type) and issubclass(kind, base)]
        (classes[module],) = [kind for kind in own if kind.__module__ == f"{package.__name__}.{module}"]
    return MappingProxyType(classes)
