"""`strip`: which metadata stay."""

from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field

from app.imaging.operation import Operation
from app.imaging.picture import Kept, Picture, Size


class Strip(Operation):
    """Remove all metadata but what is named. Without it, nothing stays."""

    example: ClassVar = {"keep": ["icc", "copyright"]}

    keep: Annotated[list[Kept], Field(max_length=5)] = Field(
        default=[],
        description="`icc`: the colours stay in the file's own profile, which is embedded; `orientation`: pixels that"
        " nothing else has turned stay as they are, and the file says how to turn them; `copyright`: artist and"
        " copyright of EXIF; `exif`, `xmp`: the whole block, with places and serial numbers.",
    )

    def share(self, size: Size) -> None:
        """It does not look at pixels."""

    def apply(self, picture: Picture) -> Picture:
        return replace(picture, keep=frozenset(self.keep))
