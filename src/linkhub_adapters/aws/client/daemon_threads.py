"""Threads for calls that may take twenty seconds, and that a stopping process does not wait for.

The interpreter joins the threads of :class:`concurrent.futures.ThreadPoolExecutor` at its exit, so one long poll would
delay the exit. These threads are daemons.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue


class DaemonThreads:
    """At most ``most`` threads, each started at its first job.

    Args:
        most: how many jobs run at once; further jobs wait.
        name: the prefix of the threads' names.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._free = 0
        self._lock = threading.Lock()

    def start(self, job: Callable[[], None]) -> None:
        """Run ``job``, which must not raise, as soon as a thread is free."""
        with self._lock:
            if self._free <= 0 and len(self._threads) < self._most:
                self._grow()
            self._free -= 1
        self._jobs.put(job)

    def _grow(self) -> None:
        thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        self._free += 1
        thread.start()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._free += 1

    def end(self) -> None:
        """End each thread after its job; does not wait."""
        for _ in self._threads:
            self._jobs.put(None)
