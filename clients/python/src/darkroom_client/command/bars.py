"""A bar for each file, on a terminal. Files that have ended leave the bars and become lines above them.

By rich: it knows the widths of all scripts, and what to do where there are more bars than rows.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from darkroom_client.command import words
from darkroom_client.command.display import Display
from darkroom_client.documents import Item, Job
from darkroom_client.uploads import Upload

_BAR_WIDTH, _NAME_WIDTH = 24, 40
_OTHER_ROWS = 4
_ENDS = {"succeeded": ("✓", "green"), "canceled": ("-", "yellow")}
_FAILURE = ("✗", "red")


class Bars(Display):
    def __init__(self, console: Console) -> None:
        self._console = console
        self._uploads: Sequence[Upload] = ()
        self._sent: dict[int, int] = {}
        self._job: Job | None = None
        self._ended: set[str] = set()
        self._live = Live(console=console, get_renderable=self._shown, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def sending(self, uploads: Sequence[Upload]) -> None:
        self._uploads = uploads

    def sent(self, index: int, bytes: int) -> None:
        self._sent[index] = bytes

    def seen(self, job: Job) -> None:
        self._job = job
        for item in job.items:
            if item.ended and item.id not in self._ended:
                self._ended.add(item.id)
                self._console.print(_end_of(item))

    def say(self, line: str) -> None:
        self._console.print(Text(words.printable(line)))

    def _shown(self) -> Group:
        """As many files as there are rows for, first those of which something happens."""
        rows = self._sending_rows() if self._job is None else self._job_rows(self._job)
        room = max(self._console.height - _OTHER_ROWS, 1)
        table = Table.grid(padding=(0, 1))
        table.add_column(max_width=_NAME_WIDTH, no_wrap=True, overflow="ellipsis")
        table.add_column(width=_BAR_WIDTH)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for row in rows[:room]:
            table.add_row(*row)
        more = len(rows) - room
        return Group(table, *([Text(f"and {words.counted(more, 'file')} more", style="dim")] if more > 0 else []))

    def _sending_rows(self) -> list[tuple[Text, ProgressBar, Text]]:
        rows = []
        for index, upload in enumerate(self._uploads):
            sent = self._sent.get(index, 0)
            if sent < upload.size or index not in self._sent:
                text = f"{words.size(sent)} of {words.size(upload.size)}" if sent else words.size(upload.size)
                rows.append(_row(upload.name, ProgressBar(max(upload.size, 1), sent, width=_BAR_WIDTH), text))
        return rows

    @staticmethod
    def _job_rows(job: Job) -> list[tuple[Text, ProgressBar, Text]]:
        open_ = sorted((item for item in job.items if not item.ended), key=lambda item: item.state != "running")
        return [_row(item.name, _bar_of(item), words.of_item(item)) for item in open_]


def _row(name: str, bar: ProgressBar, text: str) -> tuple[Text, ProgressBar, Text]:
    return Text(words.printable(name)), bar, Text(words.printable(text))


def _bar_of(item: Item) -> ProgressBar:
    """How far the work is, nobody knows: a running one pulses."""
    return ProgressBar(1, 0, width=_BAR_WIDTH, pulse=item.state == "running")


def _end_of(item: Item) -> Text:
    sign, style = _ENDS.get(item.state, _FAILURE)
    return Text.assemble((f"{sign} ", style), words.printable(f"{item.name}: {words.of_item(item)}"))
