"""Threads that read the file for clients, each with a connection of its own.

Theory of operation. The event loop gives each job to a free thread, or to a new one while there are fewer than
``max_threads``; else the jobs wait in order. A waiting job whose caller is cancelled is dropped. While a statement
runs, SQLite asks every few milliseconds whether the job is cancelled, and then interrupts it. A thread and its
connection are made when they are first needed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from attrs import define, field

T = TypeVar("T")

_STEPS_BETWEEN_LOOKS: Final = 100_000  # of SQLite's virtual machine: some 3 ms


@define(eq=False)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


@define(eq=False)
class _ReaderThread:
    """One thread. Its connection is opened by its first job."""

    inbox: SimpleQueue[_Job | None] = field(factory=SimpleQueue)
    connection: sqlite3.Connection | None = None
    job: _Job | None = None
    is_ending: bool = False
    thread: threading.Thread = field(init=False)

    def is_cancelled(self) -> bool:
        """Whether the caller of the present job was cancelled, or the thread has to end."""
        return self.is_ending or (self.job is not None and self.job.answer.done())


@define(eq=False, kw_only=True)
class ReaderPool:
    """Runs reads on at most ``max_threads`` threads.

    Args:
        connect: opens a connection; called on the thread that will use it.
        max_threads: how many reads run at the same time.
    """

    connect: Callable[[], sqlite3.Connection]
    max_threads: int = 3
    _threads: list[_ReaderThread] = field(factory=list, init=False)
    _free: list[_ReaderThread] = field(factory=list, init=False)
    _waiting: deque[_Job] = field(factory=deque, init=False)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on one of the threads. If the caller is cancelled, the read is interrupted.

        Raises:
            sqlite3.Error: the connection cannot be opened, or ``work`` raised it.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._submit(_Job(work, answer, loop))
        return await answer

    def cancel(self) -> None:
        """Interrupt the reads, end the threads and close their connections."""
        for thread in self._threads:
            thread.is_ending = True
            thread.inbox.put(None)
        for thread in self._threads:
            thread.thread.join()
        self._threads.clear()

    def _submit(self, job: _Job) -> None:
        if self._free:
            self._free.pop().inbox.put(job)
        elif len(self._threads) < self.max_threads:
            self._new_thread().inbox.put(job)
        else:
            self._waiting.append(job)

    def _new_thread(self) -> _ReaderThread:
        made = _ReaderThread()
        made.thread = threading.Thread(target=self._serve, args=(made,), name="linkhub-sqlite-reader", daemon=True)
        self._threads.append(made)
        made.thread.start()
        return made

    def _serve(self, thread: _ReaderThread) -> None:
        while (job := thread.inbox.get()) is not None:
            result, error = None, None
            try:
                if thread.connection is None:
                    thread.connection = self.connect()
                    thread.connection.set_progress_handler(thread.is_cancelled, _STEPS_BETWEEN_LOOKS)
                thread.job = job
                result = job.work(thread.connection)
            except BaseException as raised:  # noqa: BLE001  every error is raised in the caller
                error = raised
            try:
                job.loop.call_soon_threadsafe(self._finished, job, thread, result, error)
            except RuntimeError:  # the loop is closed, and its callers are gone
                self._free.append(thread)
            thread.job = job = result = error = None
        if thread.connection is not None:
            thread.connection.close()

    def _finished(self, job: _Job, thread: _ReaderThread, result: Any, error: BaseException | None) -> None:
        if not job.answer.done():
            if error is None:
                job.answer.set_result(result)
            else:
                job.answer.set_exception(error)
        while self._waiting:
            following = self._waiting.popleft()
            if not following.answer.done():
                thread.inbox.put(following)
                return
        self._free.append(thread)
