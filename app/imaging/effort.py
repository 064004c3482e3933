"""What work on a file took."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """Files decoded (or pages of them), steps applied, and steps that nobody had to apply again."""

    decodes: int = 0
    steps: int = 0
    steps_reused: int = 0

    def __add__(self, other: "Effort") -> "Effort":
        return Effort(self.decodes + other.decodes, self.steps + other.steps, self.steps_reused + other.steps_reused)


NONE = Effort()
