"""What is shown while files are sent and worked on: nothing, or plain lines; bars.py has the bars."""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from darkroom_client.command import words
from darkroom_client.documents import Job
from darkroom_client.uploads import Upload


class Display:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def sending(self, uploads: Sequence[Upload]) -> None:
        """They will be sent in this order."""

    def sent(self, index: int, bytes: int) -> None:
        """So many bytes of a file are sent; a new try begins at 0 again."""

    def seen(self, job: Job) -> None:
        """The job as it is now."""

    def say(self, line: str) -> None:
        """Something beside the files."""


class Lines(Display):
    """A line for each thing that happens to a file."""

    def __init__(self) -> None:
        self._uploads: Sequence[Upload] = ()
        self._told: dict[str, tuple[str, int]] = {}

    def sending(self, uploads: Sequence[Upload]) -> None:
        self._uploads = uploads

    def sent(self, index: int, bytes: int) -> None:
        upload = self._uploads[index]
        if bytes == upload.size:
            self.say(f"{upload.name}: sent, {words.size(bytes)}")

    def seen(self, job: Job) -> None:
        for item in job.items:
            state = ("waiting" if words.is_waiting(item) else item.state, item.attempt)
            if self._told.get(item.id) != state:
                self._told[item.id] = state
                self.say(f"{item.name}: {words.of_item(item)}")

    def say(self, line: str) -> None:
        print(words.printable(line), flush=True)
