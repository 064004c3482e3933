"""Whether there is room for another job: asked before a byte of it is read, and again once its files are counted."""

from dataclasses import dataclass

from app import jobs
from app.errors import StorageFull, TooManyPending
from app.storage import Store


@dataclass(frozen=True, slots=True)
class Admission:
    """`max_pending` is exceeded by no more than the jobs that arrive in the same moment."""

    store: Store
    max_pending: int
    min_free_bytes: int

    def check_room(self, announced_bytes: int) -> None:
        """Raises StorageFull where the bytes would leave less free room than there must be."""
        free = self.store.free_bytes()
        if free - announced_bytes < self.min_free_bytes:
            raise StorageFull(
                f"The disk of the media store has {free:,} bytes left, and {self.min_free_bytes:,} (MIN_FREE_BYTES)"
                f" must stay free; the upload has {announced_bytes:,}. Free some space and send it again."
            )

    def check_queue(self, files: int) -> None:
        """Raises TooManyPending where so many more files would be too many waiting ones."""
        waiting = jobs.count_open()
        if waiting + files > self.max_pending:
            raise TooManyPending(
                f"{waiting:,} files wait already; no more than {self.max_pending:,} may (MAX_PENDING_ITEMS), and this"
                " job was not accepted. Send it again later."
            )
