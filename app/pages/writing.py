"""How numbers, times and results are shown to people."""

import datetime as dt

from markupsafe import Markup, escape

from app.models import Item, Output

_PREVIEW_PIXELS = 160


def file_size(size: int) -> str:
    """Bytes in the decimal units that people know: 999 B, 1.5 kB, 12 MB."""
    if size < 1000:
        return f"{size} B"
    value, units = size / 1000, ["kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value, units = value / 1000, units[1:]
    unit = units[0]
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def moment(time: dt.datetime) -> Markup:
    """A <time> element in UTC; the page's script turns it into the reader's zone."""
    exact = time.isoformat(timespec="seconds")
    return Markup('<time datetime="{}">{}</time>').format(exact, time.strftime("%Y-%m-%d %H:%M:%S UTC"))


def duration(start: dt.datetime | None, end: dt.datetime | None) -> str:
    """The seconds between two moments, or nothing where one is missing."""
    if start is None or end is None:
        return ""
    seconds = (end - start).total_seconds()
    return (
        f"{seconds:.{1 if seconds >= 1 else 2}f} s"
        if seconds < 60
        else f"{int(seconds // 60)} min {int(seconds % 60)} s"
    )


def preview(item: Item) -> Output | None:
    """The smallest picture among the results that is large enough to be looked at, or else the largest."""
    pictures = sorted((output.width, index) for index, output in enumerate(item.outputs) if output.width)
    enough = [index for width, index in pictures if width >= _PREVIEW_PIXELS] or [index for _, index in pictures[-1:]]
    return item.outputs[enough[0]] if enough else None


def prose(text: str) -> Markup:
    """Plain text, with what stands in backquotes as code."""
    parts = enumerate(text.split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else escape(part) for at, part in parts)
