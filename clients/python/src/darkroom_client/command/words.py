"""How things are said in a line."""

from darkroom_client.documents import FAILED, WAITING, Item, Job
from darkroom_client.errors import ApiError, DarkroomError


def printable(text: object) -> str:
    """Nothing that a terminal would obey: names and reasons come from elsewhere."""
    return "".join(character if character.isprintable() else "�" for character in str(text))


def size(bytes: int) -> str:
    amount = float(bytes)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def counted(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def is_waiting(item: Item) -> bool:
    return item.state in WAITING


def of_item(item: Item) -> str:
    """What is the matter with it, without its name."""
    if is_waiting(item):
        return f"waiting: {_without_end(item.waits_because)}" if item.waits_because else "waiting"
    if item.state == "running":
        return "processing" if item.attempt < 2 else f"processing, try {item.attempt}"
    if item.state in FAILED:
        return f"{item.state}: {_reason(item)}"
    return f"done, {counted(len(item.outputs), 'result')}" if item.state == "succeeded" else item.state


def of_end(job: Job) -> str:
    progress = job.progress
    parts = [f"{progress.succeeded:,} of {counted(progress.total, 'file')} done"]
    if failed := progress.failed + progress.quarantined:
        parts.append(f"{failed:,} failed")
    if progress.canceled:
        parts.append(f"{progress.canceled:,} canceled")
    return f"{job.state}: {', '.join(parts)}"


def of_error(error: DarkroomError) -> str:
    """The sentence, and which part of the request is wrong where that says more."""
    lines = [printable(error)]
    if isinstance(error, ApiError):
        told = [field for field in error.errors if field.detail and field.detail not in error.detail]
        lines += [f"  {printable(field.pointer or field.parameter or '')}: {printable(field.detail)}" for field in told]
    return "\n".join(lines)


def _reason(item: Item) -> str:
    message = item.error.message if item.error else "no reason was given"
    return _without_end(message.removeprefix(f"{item.name}: "))


def _without_end(sentence: str) -> str:
    return sentence.removesuffix(".")
