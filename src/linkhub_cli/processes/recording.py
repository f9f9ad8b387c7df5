"""Records the messages that a consumer receives, on a thread of its own: consuming never waits for it.

event                                     what happens
----------------------------------------  -----------------------------------------------------------------
the file is slower than the queues        messages wait, up to a limit in characters; then they are left out,
                                          which is logged once, and counted when the recording ends
the file cannot be written (a full disk)  one line in the log, and nothing more is recorded
the process ends                          what waits is written, for at most two seconds
"""

from __future__ import annotations

import os
import stat
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from attrs import define, field
from structlog.typing import FilteringBoundLogger

from linkhub_cli.views.recorded_lines import recorded_line
from linkhub_core.ports import Clock, Delivery
from linkhub_core.wire.redact import Redaction

MAX_WAITING_CHARACTERS = 33_554_432
_END_SECONDS = 2.0
_OWNER_ONLY = 0o600


@define(eq=False)
class RecordingFile:
    """A file to which whole lines are added. Only its owner may read it, because captions are in it."""

    number: int

    @classmethod
    def open(cls, path: Path) -> RecordingFile:
        """Open or make a file; its last line is ended if another process was killed within it.

        Raises:
            OSError: it cannot be opened, or is a directory, a pipe or a socket.
        """
        if path.exists() and not (path.is_file() or path.is_char_device()):
            raise OSError("is no file")
        number = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        found = os.fstat(number)
        if stat.S_ISREG(found.st_mode):
            with suppress(PermissionError):  # another owner's
                os.fchmod(number, _OWNER_ONLY)
            if found.st_size and os.pread(number, 1, found.st_size - 1) != b"\n":
                os.write(number, b"\n")
        return cls(number)

    def add(self, lines: bytes) -> None:
        """Add lines, or none of them.

        Raises:
            OSError: they cannot be written.
        """
        before, written = os.fstat(self.number).st_size, 0
        try:
            while written < len(lines):
                written += os.write(self.number, lines[written:])
        except OSError:
            with suppress(OSError):
                if os.fstat(self.number).st_size == before + written:  # no other process added to it
                    os.ftruncate(self.number, before)
            raise

    def close(self) -> None:
        """Close it."""
        os.close(self.number)


@define(kw_only=True, eq=False)
class Recorder:
    """Adds the messages that it is given to a file.

    Args:
        file: where they go.
        clock: when they were received.
        log: gets a line if recording falls behind or stops.
        redaction: replaces texts and URLs.
        max_waiting_characters: how much may wait for the file.
    """

    file: RecordingFile
    clock: Clock
    log: FilteringBoundLogger
    redaction: Redaction | None = None
    max_waiting_characters: int = MAX_WAITING_CHARACTERS
    recorded: int = field(default=0, init=False)
    left_out: int = field(default=0, init=False)
    _batches: deque[tuple[datetime, Sequence[Delivery]]] = field(factory=deque, init=False)
    _waiting_characters: int = field(default=0, init=False)
    _is_ending: bool = field(default=False, init=False)
    _changed: threading.Condition = field(factory=threading.Condition, init=False)
    _thread: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._thread = threading.Thread(target=self._run, name="linkhub-recorder", daemon=True)
        self._thread.start()

    def record(self, deliveries: Sequence[Delivery]) -> None:
        """Record messages that were received now. It returns at once, and does not raise."""
        size = _size(deliveries)
        with self._changed:
            if self._is_ending:
                return
            if self._waiting_characters + size > self.max_waiting_characters:
                if not self.left_out:
                    self.log.warning("recording_behind", problem="the file is slower than the queues")
                self.left_out += len(deliveries)
                return
            self._batches.append((self.clock.now(), deliveries))
            self._waiting_characters += size
            self._changed.notify()

    def end(self) -> None:
        """Write the waiting messages, and end."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        self._thread.join(_END_SECONDS)
        self.log.info("recording_ended", recorded=self.recorded, left_out=self.left_out)

    def _run(self) -> None:
        try:
            while batch := self._next():
                received_at, deliveries = batch
                lines = "".join(recorded_line(one, received_at, self.redaction) for one in deliveries)
                self.file.add(lines.encode())
                self.recorded += len(deliveries)
        except Exception as error:  # noqa: BLE001  consuming goes on, whatever it is
            problem = error.strerror if isinstance(error, OSError) else repr(error)
            self.log.warning("recording_stopped", problem=problem, recorded=self.recorded)
            with self._changed:
                self._is_ending = True
                self._batches.clear()
        self.file.close()

    def _next(self) -> tuple[datetime, Sequence[Delivery]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._batches or self._is_ending)
            if not self._batches:
                return None
            batch = self._batches.popleft()
            self._waiting_characters -= _size(batch[1])
            return batch


def _size(deliveries: Sequence[Delivery]) -> int:
    return sum(len(one.body) for one in deliveries)


@contextmanager
def recording(
    file: RecordingFile | None, *, redacts: bool, clock: Clock, log: FilteringBoundLogger
) -> Iterator[Callable[[Sequence[Delivery]], None]]:
    """Give the function that records messages within the block; without a file it does nothing."""
    if file is None:
        yield lambda _: None
        return
    redaction = Redaction(os.urandom(32)) if redacts else None
    recorder = Recorder(file=file, clock=clock, log=log, redaction=redaction)
    try:
        yield recorder.record
    finally:
        recorder.end()
