"""What the lossy formats share: a quality."""

from typing import Any

from pydantic import Field

from app.imaging.encoder import Encoded, Encoder
from app.imaging.picture import Picture


class Lossy(Encoder):
    quality: int = Field(default=80, ge=1, le=100, description="Of the picture, 1 to 100; 100 is best and largest.")

    def encode(self, picture: Picture) -> Encoded:
        return Encoded(self.save(picture, self.at(self.quality)), self.quality)

    def at(self, quality: int) -> dict[str, Any]:
        """The options for another quality."""
        return self.options() | {"quality": quality}
