"""Standard output that says so when it cannot be written: a full disk, a reader that has gone, a closed file.

why it cannot be written        what the command does
------------------------------  ---------------------------------------------------------
its reader has gone (``head``)  ends with 1 and says nothing, as programs in pipes do
anything else                   ends with 1 and one line on standard error
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any

_FAILED = 1


class OutputFailed(Exception):
    """Standard output cannot be written; what was printed so far may be incomplete."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def is_reader_gone(self) -> bool:
        """Whether the reader has gone, which is no fault of this command."""
        return self.reason.errno == errno.EPIPE

    def __str__(self) -> str:
        return f"standard output cannot be written: {os.strerror(self.reason.errno or errno.EIO)}; it is incomplete"


class _Guarded(io.RawIOBase):
    """The descriptor of standard output; its failures are of linkhub's own tree."""

    def __init__(self, number: int) -> None:
        self._number = number

    def fileno(self) -> int:
        return self._number

    def isatty(self) -> bool:
        return os.isatty(self._number)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            return os.write(self._number, data)
        except OSError as error:
            raise OutputFailed(error) from error


def guard_standard_output() -> None:
    """Let ``sys.stdout`` raise :class:`OutputFailed`."""
    before = sys.stdout
    raw = io.BufferedWriter(_Guarded(before.fileno()))
    sys.stdout = io.TextIOWrapper(
        raw, encoding=before.encoding, errors="backslashreplace", line_buffering=before.isatty()
    )


def end_of_output(failed: OutputFailed) -> int:
    """Say that standard output cannot be written, unless its reader has gone; give the exit code.

    What is still in the buffers is dropped: the interpreter would try to write it once more at its end.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    if not failed.is_reader_gone:
        with suppress(OSError):  # standard error may have gone as well
            print(f"linkhub: {failed}", file=sys.stderr, flush=True)  # noqa: T201  click is for commands
    return _FAILED
