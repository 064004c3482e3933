"""Builds what a test needs, and nothing more."""

import datetime as dt
import io
import secrets
from typing import Any
from uuid import UUID

from PIL import Image

from app import items, jobs
from app.items import Claim, Failure, Patience
from app.jobs import Submission
from app.models import Lane, Output
from app.storage import Store
from app.uploads import ReceivedFile

LEASE = dt.timedelta(seconds=60)
PATIENCE = Patience(attempts=3, retries=100, retry_for=dt.timedelta(days=1))
SOURCE = {"media_type": "image/jpeg", "width": 64, "height": 48, "frames": 1}
DAMAGED = Failure("damaged-file", "photo.jpg: it is cut off")
ELSEWHERE = "boot:1:1:1"
"""A process of another machine: nothing can be proved of it from here."""

_SOME_SECONDS_OF_WORK = bytes.fromhex("524946461e000000574542505650384c110000002f0fe7c3090750e42ad4a3ff8188e87f0000")
"""A lossless WebP of one colour, 10,000 × 10,000: as many pixels as are accepted."""


def some_seconds_of_work() -> bytes:
    """Another file each time: what was made of an equal one before is not made again."""
    return _SOME_SECONDS_OF_WORK + secrets.token_bytes(8)


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


def submitted(store: Store, *names: str, lane: Lane | None = None) -> Submission:
    """A committed job with a small photo under each of the names."""
    return jobs.submit([received(store, name) for name in names or ("photo.jpg",)], store.has, lane)


def claimed(item_id: UUID, owner: str = ELSEWHERE, worker: str = "worker", lease: dt.timedelta = LEASE) -> Claim:
    claim = items.claim(item_id, owner, worker, lease)
    assert claim
    return claim


def output(claim: Claim, name: str = "320-jpeg", sha256: str = "0" * 64) -> Output:
    return Output(
        item_id=claim.item_id, position=0, attempt=claim.attempt, name=name, filename=f"photo-{name}.jpg",
        sha256=sha256, media_type="image/jpeg", bytes=1, width=1, height=1,
    )  # fmt: skip


def succeed(claim: Claim, *outputs: Output) -> bool:
    """End the attempt with these outputs, whose files nobody looks for."""
    return items.succeed(claim, SOURCE, outputs, {}, lambda _: True)


def files_below(store_root: Any) -> list[str]:
    return sorted(str(path.relative_to(store_root)) for path in store_root.rglob("*") if path.is_file())
