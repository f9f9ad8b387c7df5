"""The time limit of the end of a process: ``LINKHUB_DRAIN_SECONDS`` and a second after the signal to stop.

Phases are cut short after the drain (:mod:`.lifecycle`), but some things can still hold the process: a call that blocks
a thread, a lock of another process, an executor that the interpreter joins at exit. A daemon thread waits for the limit
and then ends the process without closing anything. Nothing is lost: accepted messages are stored, and messages in hand
are delivered again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

from attrs import frozen

_AFTER_DRAIN_SECONDS = 0.75  # the rest of the second is for the log line and for a busy machine
LOG_SECONDS = 0.2


@frozen(kw_only=True)
class ExitDeadline:
    """Ends the process if it has not ended in time.

    Args:
        drain_seconds: the time limit of the phases.
        log_end: logs the end, with the names of the threads that still work, and waits until the line is written; after
            ``LOG_SECONDS`` the process ends in any case.
    """

    drain_seconds: float
    log_end: Callable[[Sequence[str]], None]

    def start(self) -> None:
        """Start the clock."""
        threading.Thread(target=self._wait, name="linkhub-exit-deadline", daemon=True).start()

    def _wait(self) -> None:
        time.sleep(self.drain_seconds + _AFTER_DRAIN_SECONDS)
        busy = sorted(thread.name for thread in threading.enumerate() if not thread.daemon)
        logging_end = threading.Thread(target=self.log_end, args=(busy,), daemon=True)
        logging_end.start()
        logging_end.join(LOG_SECONDS)
        os._exit(0)
