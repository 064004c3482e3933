"""What an operation is: its parameters, the size that it gives, and what it does to a picture."""

from typing import Annotated, Any, ClassVar

from PIL import ImageColor
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.errors import UnsuitableImage
from app.imaging.picture import Picture, Size

RGBA = tuple[int, int, int, int]
MAX_SIDE = 16_384
"""The longest side that a recipe can ask for, in pixels."""


def _colour(value: str) -> str:
    try:
        rgba(value)
    except ValueError:
        raise ValueError(f"{value[:40]!r} is no colour; write #rrggbb, #rrggbbaa, a CSS name or transparent") from None
    return value


def rgba(colour: str) -> RGBA:
    """Red, green, blue and alpha, each 0 to 255, of a colour as CSS writes it."""
    if colour == "transparent":
        return (0, 0, 0, 0)
    red, green, blue, *alpha = ImageColor.getrgb(colour)
    return red, green, blue, alpha[0] if alpha else 255


Colour = Annotated[str, Field(max_length=40, json_schema_extra={"format": "color"}), AfterValidator(_colour)]


def pixels(description: str, **bounds: Any) -> Any:
    """A parameter in pixels; without a default it is required."""
    return Field(description=description, json_schema_extra={"unit": "px"}, **bounds)


def limited(size: Size, result: str) -> Size:
    """The size itself. Raises UnsuitableImage where a side is longer than MAX_SIDE; `result` names what has it."""
    if max(size) > MAX_SIDE:
        raise UnsuitableImage(
            f"The {result} would be {size[0]} × {size[1]} pixels; a side is at most {MAX_SIDE}."
            " Send an image that is smaller or less elongated, or use another recipe."
        )
    return size


class Operation(BaseModel):
    """One thing that can be done to a picture; its name is that of its module in `operations/`.

    The fields of a subclass are its parameters. They are all that validation, the JSON Schema, the forms and the
    reference in docs/operations.md are made from, so each has bounds, a unit where it has one, and a description.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    example: ClassVar[dict[str, Any]]
    """Parameters for the picture in the reference; a test runs them."""
    exact: ClassVar[bool] = True
    """Whether `sized` is what comes out, to the pixel; False where that depends on what the picture shows."""

    def sized(self, size: Size) -> Size:
        """The size that a picture of this size comes out with; at most, where that depends on what it shows."""
        return size

    def share(self, size: Size) -> float | None:
        """How large a picture of this size has to be decoded to lose nothing: a share of its sides, 0 to 1.

        None: as large as whatever comes after needs it, because this operation works at any scale.
        """
        return 1.0

    def apply(self, picture: Picture) -> Picture:
        raise NotImplementedError

    @property
    def surroundings(self) -> str:
        """What the result depends on besides the picture and the parameters, and may change; nothing as a rule."""
        return ""


def name_of(operation: Operation | type[Operation]) -> str:
    """As recipes write it."""
    return operation.__module__.rpartition(".")[2]
