"""What the lossy formats share: a quality, which is given or found."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from PIL import Image
from pydantic import Field, ValidationError, WrapValidator, model_validator

from app.errors import UnsuitableImage
from app.imaging.canvas import flattened
from app.imaging.encoder import Encoded, Encoder
from app.imaging.picture import Picture
from app.imaging.rate import HIGHEST_ALIKE, LOWEST_ALIKE, LOWEST_TO_FIT, Tries, best_fitting, lowest_alike
from app.imaging.similarity import Reference

_Number = Annotated[int, Field(ge=1, le=100)]


def _in_one_sentence(value: object, check: Callable[[object], object]) -> object:
    """Pydantic would answer once for the number and once for the word."""
    try:
        return check(value)
    except ValidationError:
        raise ValueError(f"write a number from 1 to 100, or auto (it is {repr(value)[:60]})") from None


Quality = Annotated[_Number | Literal["auto"], WrapValidator(_in_one_sentence)]


class Lossy(Encoder):
    quality: Quality = Field(
        default=80,
        description="Of the picture, 1 to 100; 100 is best and largest. `auto` finds the lowest that looks like the "
        "original, up to 95: see docs/quality.md.",
    )
    max_bytes: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000_000,
        description="The largest file, in bytes: with the best quality that fits, up to `quality`.",
        json_schema_extra={"unit": "bytes"},
    )
    min_quality: _Number | None = Field(
        default=None,
        description="The lowest that `max_bytes` and `auto` may go to; left out, it is 10 for `max_bytes` and 40 for "
        "`auto`.",
    )
    ssim: float = Field(
        default=0.97,
        ge=0.5,
        lt=1,
        description="How alike to the original `auto` stays: the mean structural similarity of luminance, up to 1.",
    )

    @model_validator(mode="after")
    def _nothing_is_without_effect(self) -> Self:
        if "ssim" in self.model_fields_set and self.quality != "auto":
            raise ValueError("ssim is the target of quality: auto; leave it out, or the number")
        if self.min_quality is None:
            return self
        if self.max_bytes is None and self.quality != "auto":
            raise ValueError("min_quality is for max_bytes and quality: auto; give one of them, or leave it out")
        highest = HIGHEST_ALIKE if self.quality == "auto" else self.quality
        if self.min_quality > highest:
            raise ValueError(f"min_quality is {self.min_quality}, above the highest that is tried, {highest}")
        return self

    def encode(self, picture: Picture) -> Encoded:
        """Raises UnsuitableImage where no quality gives a file as small as asked for."""
        if self.quality != "auto" and self.max_bytes is None:
            return Encoded(self.save(picture, self.at(self.quality)), self.quality)
        tries = Tries(lambda quality: [self.save(picture, self.at(quality))])
        judged = tries
        if self.quality == "auto":
            stills = self._judged(picture)
            if len(stills) > 1:
                judged = Tries(lambda quality: [self.save(still, self.at(quality)) for still in stills])
            quality = self._alike(stills, judged)
        else:
            quality = self.quality
        if self.max_bytes is not None:
            quality = self._fitting(picture, tries, self.max_bytes, quality)
        (data,) = tries(quality)
        return Encoded(data, quality, sum(each.count for each in {tries, judged}))

    def at(self, quality: int) -> dict[str, Any]:
        """The options for another quality."""
        return self.options() | {"quality": quality}

    def _judged(self, picture: Picture) -> list[Picture]:
        """The picture itself; of an animation its first, middle and last frame, which may begin or end with nothing."""
        if not (self.animates and picture.animated):
            return [picture]
        count = len(picture.frames)
        shown = sorted({0, count // 2, count - 1})
        return [replace(picture, frames=(picture.frames[at],), durations=()) for at in shown]

    def _alike(self, stills: list[Picture], tries: Tries[list[bytes]]) -> int:
        references = [Reference(self._given(still.image)) for still in stills]

        def similarity(quality: int) -> float:
            pairs = zip(references, tries(quality), strict=True)
            return min(reference.ssim(self._decoded(data)) for reference, data in pairs)

        return lowest_alike(similarity, self.ssim, self.min_quality or LOWEST_ALIKE, HIGHEST_ALIKE)

    def _fitting(self, picture: Picture, tries: Tries[list[bytes]], limit: int, highest: int) -> int:
        lowest = min(self.min_quality or LOWEST_TO_FIT, highest)
        quality = best_fitting(lambda tried: len(tries(tried)[0]), limit, lowest, highest)
        if quality is None:
            raise UnsuitableImage(
                f"As {self.human_name} of {picture.size[0]} × {picture.size[1]} pixels the image has "
                f"{len(tries(lowest)[0]):,} bytes at quality {lowest}, the lowest that is tried; max_bytes is "
                f"{limit:,}. Make a smaller size of it, or raise max_bytes."
            )
        return quality

    def _given(self, frame: Image.Image) -> Image.Image:
        """What the encoder is to come near to."""
        return frame if self.transparent else flattened(frame)

    def _decoded(self, data: bytes) -> Image.Image:
        with Image.open(io.BytesIO(data), formats=(self.pillow_name,)) as image:
            return image.convert("RGBA" if image.has_transparency_data else "RGB")
