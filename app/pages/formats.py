"""How numbers and times are written for people."""

import datetime as dt

from markupsafe import Markup


def file_size(size: int) -> str:
    """Bytes in the decimal units that people know: 999 B, 1.5 kB, 12 MB."""
    if size < 1000:
        return f"{size} B"
    value = float(size)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5:
            break
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
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60)} s"
