"""Times and links as the API writes them."""

import datetime as dt
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema


def _written(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    dt.datetime,
    PlainSerializer(_written),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
"""RFC 3339, in UTC, with milliseconds."""
