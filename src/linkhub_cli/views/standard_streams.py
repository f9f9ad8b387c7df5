"""The standard streams of the process: opened if they are closed, with write errors that are reported.

A process that is started with one of them closed (``linkhub serve <&-``) gets its number for the next file that it
opens, a socket perhaps: output then goes to a client, and libuv aborts when it closes a number below 3.

    standard output cannot be written because   the command
    ------------------------------------------  -------------------------------------------
    its reader has gone (``head``)              ends with 1, without a message, as in any pipe
    of anything else                            ends with 1, and one line on standard error
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any, Literal, TextIO

_INPUT, _OUTPUT, _ERRORS = 0, 1, 2
_FAILED = 1


def open_standard_files() -> None:
    """Open ``/dev/null`` for each of the three that is closed; call this before anything else is opened."""
    for number in (_INPUT, _OUTPUT, _ERRORS):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest free number, which is this one. Writing results to it must fail.
            os.open(os.devnull, os.O_RDONLY if number == _OUTPUT else os.O_RDWR)
    sys.stdin = sys.stdin or _stream(_INPUT, "r")
    sys.stdout = sys.stdout or _stream(_OUTPUT, "w")
    sys.stderr = sys.stderr or _stream(_ERRORS, "w")


def _stream(number: int, mode: Literal["r", "w"]) -> TextIO:
    return open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)


class OutputFailed(Exception):
    """Standard output cannot be written; the output so far may be incomplete."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason)
        self.reason = reason

    @property
    def is_reader_gone(self) -> bool:
        """Whether the reader has gone, which is no error of this command."""
        return self.reason.errno == errno.EPIPE

    def __str__(self) -> str:
        return f"standard output cannot be written: {os.strerror(self.reason.errno or errno.EIO)}; it is incomplete"


class _Guarded(io.RawIOBase):
    """The descriptor of standard output; its write errors are :class:`OutputFailed`."""

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
    """Print that standard output cannot be written, unless its reader has gone; return the exit code.

    The buffers are dropped, because the interpreter would try to write them again at its end.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
    if not failed.is_reader_gone:
        with suppress(OSError):  # standard error may have gone as well
            print(f"linkhub: {failed}", file=sys.stderr, flush=True)  # noqa: T201  click is for commands
    return _FAILED
