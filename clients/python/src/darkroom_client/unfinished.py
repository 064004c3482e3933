"""Submissions that are not known to be over, each a small file: the same command for the same files goes on with it.

The file's name is a hash of what is submitted where: address, recipe, variables, lane, and the name and SHA-256 of each
file. In it are the Idempotency-Key, chosen at random, and the job once there is one. A key that were made of the files
alone would give the old job to somebody who wants to have the same done once more.

It is begun before anything is sent and removed once the command has done all it was to do. What is older than the
server remembers keys is begun anew.
"""

import contextlib
import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from darkroom_client.uploads import Upload

_REMEMBERED_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Submission:
    """`is_continued` says that an earlier command has begun it."""

    key: str
    begun_at: float
    job_id: str | None = None
    is_continued: bool = False


def digest(url: str, fields: Mapping[str, object], uploads: Sequence[Upload]) -> str:
    files = [(upload.name, upload.sha256) for upload in uploads]
    return hashlib.sha256(json.dumps([url, dict(fields), files], sort_keys=True).encode()).hexdigest()


def state_folder(environ: Mapping[str, str]) -> Path:
    """As the XDG base directories have it."""
    home = environ.get("XDG_STATE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".local" / "state") / "darkroom"


class Unfinished:
    """The submission with this digest. Where the folder can not be written, nothing is remembered (`remembers`)."""

    def __init__(self, folder: Path, digest: str) -> None:
        self._folder, self._path = folder, folder / f"{digest}.json"
        self.remembers = True

    def begin(self) -> Submission:
        """The one that was begun before, or a new one."""
        self._forget_old()
        new = Submission(secrets.token_hex(16), time.time())
        if self._write(new, only_new=True) or not self.remembers:
            return new
        return self._read() or self.begin_anew()

    def begin_anew(self) -> Submission:
        new = Submission(secrets.token_hex(16), time.time())
        self._write(new)
        return new

    def accepted(self, submission: Submission, job_id: str) -> None:
        self._write(Submission(submission.key, submission.begun_at, job_id))

    def over(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _read(self) -> Submission | None:
        try:
            document = json.loads(self._path.read_text("utf-8"))
            return Submission(str(document["key"]), float(document["begun_at"]), document["job_id"], is_continued=True)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, submission: Submission, *, only_new: bool = False) -> bool:
        """Whole or not at all; whether it was written."""
        temporary = self._path.with_suffix(f".{secrets.token_hex(4)}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_text(json.dumps(asdict(submission)), "utf-8")
            try:
                (os.link if only_new else os.replace)(temporary, self._path)
            finally:
                temporary.unlink(missing_ok=True)
        except FileExistsError:
            return False
        except OSError:
            self.remembers = False
            return False
        return True

    def _forget_old(self) -> None:
        oldest = time.time() - _REMEMBERED_SECONDS
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if path.stat().st_mtime < oldest:
                    path.unlink()
