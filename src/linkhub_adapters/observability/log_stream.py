"""The stream of log lines: its failures never reach the code that logs.

    failure of the stream                                   what happens
    ------------------------------------------------------  --------------------------------------------------------
    its reader is gone, its disk is full, it was closed     lines are dropped and counted; each new line tries again
    it works again                                          the first line says how many were dropped
    its reader does not read                                lines wait, up to a limit in bytes; then they are dropped

Rule 1. ``write`` never raises. With its own thread it blocks only if the buffer is full: for 50 ms, and not again until
        the reader has read something. So a burst loses no line, and a reader that hangs costs one such wait.
Rule 2. Lines keep their order. After a line that was written in part, the next one begins on a new line.
"""

from __future__ import annotations

import io
import os
import threading
from collections import deque
from collections.abc import Callable
from itertools import accumulate
from typing import TextIO

from attrs import define, field

MAX_WAITING_CHARACTERS = 1_048_576
MAX_AT_ONCE_CHARACTERS = 262_144
ROOM_SECONDS = 0.05


@define(eq=False)
class LogStream:
    """A text stream for loggers on top of ``target``.

    Args:
        target: the underlying stream.
        resumed: makes the line that says how many were dropped.
        has_thread: whether a separate thread writes the lines, as a server needs; else the logging thread does.
        max_waiting_characters: the size of the buffer for that thread.
    """

    target: TextIO
    resumed: Callable[[int], str]
    has_thread: bool = False
    max_waiting_characters: int = MAX_WAITING_CHARACTERS
    dropped_total: int = field(default=0, init=False)
    _dropped: int = field(default=0, init=False)
    _is_cut: bool = field(default=False, init=False)
    _lines: deque[str] = field(factory=deque, init=False)
    _waiting_characters: int = field(default=0, init=False)
    _is_writing: bool = field(default=False, init=False)
    _is_stuck: bool = field(default=False, init=False)
    _changed: threading.Condition = field(factory=threading.Condition, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    # --- for loggers

    def write(self, text: str) -> int:
        """Write one or more complete lines."""
        if not self.has_thread:
            self._put([text])
            return len(text)
        with self._changed:
            if not self._has_room(len(text)):
                self._drop(1)
            else:
                self._lines.append(text)
                self._waiting_characters += len(text)
                self._wake()
        return len(text)

    def _has_room(self, characters: int) -> bool:
        def fits() -> bool:
            return self._waiting_characters + characters <= self.max_waiting_characters

        if not fits() and not self._is_stuck:
            self._is_stuck = not self._changed.wait_for(fits, ROOM_SECONDS)
        return fits()

    def flush(self) -> None:
        """Do nothing: each line is written at once, or by the thread; see :meth:`drain`."""

    def isatty(self) -> bool:
        """Whether the target is a terminal."""
        return self.target.isatty()

    def drain(self, seconds: float) -> None:
        """Wait until all lines are written, for at most ``seconds``."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lines and not self._is_writing, seconds)

    # --- the thread

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="linkhub-log", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                lines = self._take()
                self._is_writing = True
            self._put(lines)
            with self._changed:
                self._waiting_characters -= sum(map(len, lines))
                self._is_writing = self._is_stuck = False
                self._changed.notify_all()

    def _take(self) -> list[str]:
        """The next lines, many at once, because each write gives way to the other threads."""
        lines, characters = [], 0
        while self._lines and characters < MAX_AT_ONCE_CHARACTERS:
            lines.append(self._lines.popleft())
            characters += len(lines[-1])
        return lines

    # --- writing

    def _put(self, lines: list[str]) -> None:
        """Write lines together; drop those that fail, and report their number when writing works again."""
        with self._changed:
            dropped = self._dropped
        before = "\n" if self._is_cut else ""
        notice = f"{before}{self.resumed(dropped)}\n" if dropped else ""
        chunks = [chunk.encode("utf-8", "backslashreplace") for chunk in (notice, *lines)]
        written = self._write_out(b"".join(chunks))
        ends = list(accumulate(map(len, chunks)))
        self._is_cut = written not in (0, *ends) or (written == 0 and self._is_cut)
        with self._changed:
            if written >= ends[0]:
                self._dropped -= dropped
            self._drop(sum(end > written for end in ends[1:]))

    def _drop(self, count: int) -> None:
        self._dropped += count
        self.dropped_total += count

    def _write_out(self, data: bytes) -> int:
        """Write past the target's buffers, which would keep failed bytes; return the number of written bytes."""
        written = 0
        try:
            number = self._number()
            if number is None:
                self.target.write(data.decode())
                self.target.flush()
                return len(data)
            while written < len(data):
                written += os.write(number, data[written:])
        except (OSError, ValueError):  # ValueError: the target was closed
            return written
        return written

    def _number(self) -> int | None:
        """The target's descriptor; None for a stream in memory."""
        try:
            return self.target.fileno()
        except (io.UnsupportedOperation, AttributeError):
            return None
