"""How a command ends."""

from enum import IntEnum
from typing import Self

from darkroom_client.documents import JobSummary
from darkroom_client.errors import ConfigurationError, DamagedDownload, DarkroomError, LocalFileError


class Exit(IntEnum):
    """The exit codes, with what they say."""

    WELL = 0, "it is done, and all files succeeded where files were waited for"
    SOME_FAILED = 1, "some files, or all, failed or have not ended; or a result did not arrive as it should"
    USAGE = 2, "the command line is wrong, or a file of this machine can not be read or written"
    REFUSED = 3, "the server can not be reached, or it refused; the message says why"
    CANCELED = 4, "the job was canceled"
    INTERRUPTED = 130, "Ctrl-C; the job goes on, and the same command goes on with it"

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        member = int.__new__(cls, code)
        member._value_, member.meaning = code, meaning
        return member


def of_job(job: JobSummary) -> Exit:
    """Of one that has ended."""
    if job.state == "canceled":
        return Exit.CANCELED
    return Exit.WELL if job.state == "succeeded" else Exit.SOME_FAILED


def of_error(error: DarkroomError) -> Exit:
    if isinstance(error, ConfigurationError | LocalFileError):
        return Exit.USAGE
    return Exit.SOME_FAILED if isinstance(error, DamagedDownload) else Exit.REFUSED
