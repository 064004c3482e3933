"""Builds what a test needs, and nothing more."""

import io
from typing import Any

from PIL import Image

from app import jobs
from app.jobs import Submission
from app.storage import Store
from app.uploads import ReceivedFile


def photo(width: int = 64, height: int = 48, format_: str = "JPEG", **options: Any) -> bytes:
    """A picture with a gradient: red to the right, green downwards."""
    red, green = Image.linear_gradient("L").rotate(90), Image.linear_gradient("L")
    picture = Image.merge("RGB", (red, green, Image.new("L", red.size, 128))).resize((width, height))
    buffer = io.BytesIO()
    picture.save(buffer, format_, **options)
    return buffer.getvalue()


def received(store: Store, name: str = "photo.jpg", content: bytes | None = None) -> ReceivedFile:
    incoming = store.receive()
    incoming.write(photo() if content is None else content)
    return ReceivedFile(name, incoming.keep())


def submitted(store: Store, *names: str) -> Submission:
    """A committed job with a small photo under each of the names."""
    return jobs.submit([received(store, name) for name in names or ("photo.jpg",)])


def files_below(store_root: Any) -> list[str]:
    return sorted(str(path.relative_to(store_root)) for path in store_root.rglob("*") if path.is_file())
