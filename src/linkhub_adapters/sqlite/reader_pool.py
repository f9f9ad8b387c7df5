"""Threads that read the file for clients, each with a connection of its own.

Theory of operation. Jobs are handed out on the event loop: to a thread that is free, to a new one while there are few,
else they wait in order. So a job whose caller was cancelled while it waited costs nothing. While a statement runs,
SQLite asks every few milliseconds whether its caller is still there, and ends it if not. A thread and its connection
are made when they are first needed.
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

__all__ = ["ReaderPool"]

T = TypeVar("T")

_STEPS_BETWEEN_LOOKS: Final = 100_000  # of SQLite's virtual machine: some 3 ms


@define(eq=False)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


@define(eq=False)
class _ReaderThread:
    """One thread; ``connection`` is there from its first job on."""

    inbox: SimpleQueue[_Job | None] = field(factory=SimpleQueue)
    connection: sqlite3.Connection | None = None
    job: _Job | None = None
    is_ending: bool = False
    thread: threading.Thread = field(init=False)

    def is_in_vain(self) -> bool:
        """Whether the caller of the present job is gone, or the thread is to end."""
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
        """Run ``work`` on one of the threads. If the caller is cancelled, so is the read.

        Raises:
            sqlite3.Error: the connection cannot be opened, or what ``work`` raised.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._submit(_Job(work, answer, loop))
        return await answer

    def break_off(self) -> None:
        """End what is read, then the threads, and close their connections."""
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
                    thread.connection.set_progress_handler(thread.is_in_vain, _STEPS_BETWEEN_LOOKS)
                thread.job = job
                result = job.work(thread.connection)
            except BaseException as raised:  # noqa: BLE001  whatever it is belongs to the caller
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
