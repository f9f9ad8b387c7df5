"""A file system of a few megabytes, to be filled: a tmpfs, which only root may mount."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import frozen

from tests.support.requirement import missing

_FILLER = "filler"


@frozen
class SmallDisk:
    """A mounted file system; ``directory`` is its root."""

    directory: Path

    def fill(self) -> None:
        """Write until nothing more fits."""
        with (self.directory / _FILLER).open("ab", buffering=0) as filler:
            for size_bytes in (1 << 16, 1 << 12, 1):
                _write_until_full(filler.fileno(), b"x" * size_bytes)

    def make_room(self) -> None:
        """Remove what :meth:`fill` wrote."""
        (self.directory / _FILLER).unlink()


def _write_until_full(descriptor: int, block: bytes) -> None:
    while True:
        try:
            os.write(descriptor, block)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                return
            raise


@contextmanager
def mount_small_disk(directory: Path, *, megabytes: int = 8) -> Iterator[SmallDisk]:
    """Mount a file system at ``directory``, which is made, and unmount it at the end.

    Raises:
        pytest.skip.Exception, pytest.fail.Exception: this user may not mount (see :mod:`.requirement`).
    """
    directory.mkdir(parents=True, exist_ok=True)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", os.fspath(directory)]
    try:
        mounted = subprocess.run(mounting, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        missing("there is no `mount` here: this test fills a small tmpfs, run it as root on Linux")
    if mounted.returncode:
        missing(f"a small tmpfs cannot be mounted ({mounted.stderr.strip()}): run this test as root on Linux")
    try:
        yield SmallDisk(directory)
    finally:
        with suppress(subprocess.CalledProcessError):
            subprocess.run(["umount", "-l", os.fspath(directory)], check=True, capture_output=True)
