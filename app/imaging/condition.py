"""`when`: a condition on the picture, as data."""

import math
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from app.imaging.formats import ACCEPTED_MEDIA_TYPES, ANIMATED, PAGED
from app.imaging.picture import Size


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a source before it is decoded. `size` is as displayed; `frames` are those of an animation, the
    pages of a document, or further pictures of which nothing is made. `plain`: a PNG that can be shrunk by any whole
    factor while it is decoded.
    """

    size: Size
    media_type: str
    frames: int
    alpha: bool
    plain: bool = False

    @property
    def pages(self) -> int:
        """At least 1."""
        return self.frames if self.media_type in PAGED else 1

    @property
    def shown(self) -> int:
        """The frames that are shown one after the other; at least 1."""
        return self.frames if self.media_type in ANIMATED else 1


def _is_read(media_type: str) -> str:
    if media_type not in ACCEPTED_MEDIA_TYPES:
        raise ValueError(f"{media_type[:60]!r} is not read; there is {', '.join(ACCEPTED_MEDIA_TYPES)}")
    return media_type


MediaType = Annotated[str, AfterValidator(_is_read)]
"""Of a format that is read."""


class Range(BaseModel):
    """Bounds of a number; all that are given must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    lt: float | None = Field(default=None, description="It is less than this.")
    lte: float | None = Field(default=None, description="It is less than or equal to this.")
    gt: float | None = Field(default=None, description="It is greater than this.")
    gte: float | None = Field(default=None, description="It is greater than or equal to this.")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give at least one of lt, lte, gt, gte")
        return self

    @model_validator(mode="after")
    def _can_hold(self) -> Self:
        low = max((bound for bound in (self.gt, self.gte) if bound is not None), default=-math.inf)
        high = min((bound for bound in (self.lt, self.lte) if bound is not None), default=math.inf)
        if not (low < high or self.holds(low)):
            raise ValueError("no number is within these bounds")
        return self

    def holds(self, value: float) -> bool:
        return (
            (self.lt is None or value < self.lt) and (self.lte is None or value <= self.lte)
            and (self.gt is None or value > self.gt) and (self.gte is None or value >= self.gte)
        )  # fmt: skip


class Condition(BaseModel):
    """All that is given must hold. Sizes are those of the picture that reaches the step, the rest is of the source."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    width: Range | None = Field(default=None, description="Bounds, in pixels.")
    height: Range | None = Field(default=None, description="Bounds, in pixels.")
    megapixels: Range | None = Field(default=None, description="Bounds of width × height, in millions.")
    aspect_ratio: Range | None = Field(default=None, description="Bounds of width by height: more than 1 is wide.")
    orientation: Literal["landscape", "portrait", "square"] | None = Field(default=None, description="By its sides.")
    animated: bool | None = Field(default=None, description="Whether the source is an animation.")
    alpha: bool | None = Field(default=None, description="Whether the source carries transparency.")
    media_type: Annotated[list[MediaType], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="The source is one of these, for example `[image/png, image/gif]`."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give at least one condition")
        return self

    def holds(self, traits: Traits, size: Size) -> bool:
        width, height = size
        shape = "landscape" if width > height else "portrait" if width < height else "square"
        numbers = (
            (self.width, width), (self.height, height),
            (self.megapixels, width * height / 1e6), (self.aspect_ratio, width / height),
        )  # fmt: skip
        facts = (
            (self.orientation, shape), (self.animated, traits.shown > 1), (self.alpha, traits.alpha),
        )  # fmt: skip
        return (
            all(wanted is None or wanted.holds(value) for wanted, value in numbers)
            and all(wanted is None or wanted == value for wanted, value in facts)
            and (self.media_type is None or traits.media_type in self.media_type)
        )
