"""What a collector is: its parameters, and how the results of a whole job become a few more files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True, slots=True)
class Piece:
    """One finished output file, in the order of the job; `caption` is the name of the original."""

    path: Path
    media_type: str
    width: int
    height: int
    caption: str


@dataclass(frozen=True, slots=True)
class Collected:
    """A file that was made of all pieces; width and height where it is an image.

    It has to be kept under `<name>.<extension>`, which is unique in a collection: one file may refer to another by it.
    """

    name: str
    extension: str
    media_type: str
    width: int | None
    height: int | None
    path: Path


class Collector(BaseModel):
    """One thing that can be made of all results of a job; its name is that of its module in `collectors/`.

    The fields of a subclass are its parameters, as those of an operation (app/imaging/operation.py) are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    example: ClassVar[dict[str, Any]]
    """Parameters for the picture in the reference; a test runs them."""

    def collect(self, pieces: Sequence[Piece], scratch: Path) -> list[Collected]:
        """
        Make the files below the existing directory `scratch`, of one piece at least.

        Raises a FileError where it can not be done with these pieces; an OSError or MemoryError is the machine's.
        """
        raise NotImplementedError


def name_of(collector: Collector | type[Collector]) -> str:
    """As recipes write it."""
    return collector.__module__.rpartition(".")[2]
