"""docs/formats.md: what is read, and what is written with which settings."""

from collections.abc import Iterator

from app.imaging import encoders
from app.imaging.encoder import Encoder
from app.imaging.formats import HEIF, INPUT_FORMATS, PDF
from app.imaging.parameters import documentation, parameters
from reference.places import DOCS
from reference.tables import filled, parameter_table, table


def page() -> str:
    text = (DOCS / "formats.md").read_text(encoding="utf-8")
    return filled(text, {"inputs": _inputs(), "outputs": _outputs(), "settings": "\n\n".join(_settings())})


def _inputs() -> str:
    rows = [[read.human_name, f"`{read.media_type}`"] for read in INPUT_FORMATS]
    return table(["format", "media type"], [*rows, ["HEIF", f"`{HEIF}`"], ["PDF", f"`{PDF}`"]])


def _outputs() -> str:
    head = ["name", "format", "media type", "extension", "transparency", "animation", "longest side"]
    return table(head, [_row(name, kind) for name, kind in encoders.found().items()])


def _row(name: str, kind: type[Encoder]) -> list[str]:
    """One that stands for others has no media type, extension and limit of its own."""
    own = kind.media_type != ""
    return [
        f"[`{name}`](#{name})",
        kind.human_name,
        f"`{kind.media_type}`" if own else "",
        f"`.{kind.extension}`" if own else "",
        _yes(kind.transparent),
        _yes(kind.animates),
        f"{kind.max_side:,} px" if own else "",
    ]


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"


def _settings() -> Iterator[str]:
    for name, kind in encoders.found().items():
        yield f"### {name}\n\n{documentation(kind)}"
        yield _table(kind)


def _table(kind: type[Encoder]) -> str:
    own = parameters(kind)
    return parameter_table(own, "setting") if own else "It has no settings."
