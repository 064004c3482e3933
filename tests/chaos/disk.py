"""A small file system for the database and the files, which can be filled and made read-only. Needs mount(8)."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BLOCK = bytes(1 << 20)
_BUSY_SECONDS = 5


class Disk:
    """`root` is the file system, `media` a folder in it that is mounted once more, to be read-only by itself."""

    def __init__(self, root: Path, megabytes: int) -> None:
        self.root, self.media = root, root / "media"
        self.why_ordinary = _why_no_mount()
        """Why it is only a folder, which can not be filled; empty where it is a file system."""
        self._megabytes = megabytes
        self._filler = root / "filler"

    @contextmanager
    def mounted(self) -> Iterator[None]:
        self.root.mkdir()
        if self.why_ordinary:
            self.media.mkdir()
            yield
            return
        _mount("-t", "tmpfs", "-o", f"size={self._megabytes}m,mode=0777", "tmpfs", str(self.root))
        self.media.mkdir()
        _mount("--bind", str(self.media), str(self.media))
        try:
            yield
        finally:
            for folder in (self.media, self.root):
                _run("umount", "--lazy", str(folder))

    def fill(self) -> int:
        """Take all the room that is left; returns how many bytes."""
        with self._filler.open("wb", buffering=0) as file:
            for block in (_BLOCK, _BLOCK[:4096]):
                try:
                    while file.write(block) == len(block):
                        pass
                except OSError:  # ENOSPC, which is what we want
                    continue
            return file.tell()

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)

    def make_read_only(self) -> bool:
        """False: for some seconds there was always a file open for writing, and the system refused."""
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                _mount("-o", "remount,bind,ro", str(self.media))
            except subprocess.CalledProcessError:
                if time.monotonic() > deadline:
                    return False
                time.sleep(0.01)
            else:
                return True

    def make_writable(self) -> None:
        _mount("-o", "remount,bind,rw", str(self.media))

    def used_megabytes(self) -> int:
        return shutil.disk_usage(self.root).used >> 20


def _why_no_mount() -> str:
    if not shutil.which("mount"):
        return "there is no mount(8)"
    return "" if os.geteuid() == 0 or _sudo() else "a file system can not be mounted without root"


def _sudo() -> bool:
    """Whether root's rights can be had without a password, as on most CI machines."""
    command = ["sudo", "-n", "true"]
    return bool(shutil.which("sudo")) and subprocess.run(command, check=False, capture_output=True).returncode == 0


def _mount(*arguments: str) -> None:
    _run("mount", *arguments)


def _run(*command: str) -> None:
    subprocess.run([*([] if os.geteuid() == 0 else ["sudo", "-n"]), *command], check=True, capture_output=True)
