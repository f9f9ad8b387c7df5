"""A long-running process: phases of duties, stopped one after the other within a time limit.

A duty is a coroutine that works until its event is set and then finishes its work in hand. After the signal to stop,
the phases are stopped in order: first those that take work in, last those that show results. Unfinished duties are
cancelled after the time limit; their messages are delivered again later. A duty that fails ends the process.

Some things can still hold the process then: a call that blocks a thread, a lock of another process, an executor that
the interpreter joins at exit. A daemon thread ends it a second after the time limit without closing anything; nothing
is lost, because accepted messages are stored.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from attrs import frozen
from structlog.typing import FilteringBoundLogger

from linkhub_adapters.observability import drain_logs, get_logger
from linkhub_adapters.runtime import Guard
from linkhub_cli.wiring.container import Container

_AFTER_DRAIN_SECONDS = 0.75  # the rest of the second is for the log line and for a busy machine
_LOG_SECONDS = 0.2

Duty = Callable[[asyncio.Event], Awaitable[object]]


class DutyEnded(Exception):
    """A duty ended before the signal to stop, which is a bug."""


@frozen(kw_only=True)
class Phase:
    """Duties that begin with the process and are stopped together."""

    name: str
    duties: Sequence[Duty]


async def run_phases(
    phases: Sequence[Phase],
    stop: asyncio.Event,
    *,
    drain_seconds: float,
    log: FilteringBoundLogger,
) -> None:
    """Run every phase until ``stop`` is set, then stop one after the other, all within ``drain_seconds``.

    Raises:
        ExceptionGroup: the error of the first duty that failed.
    """
    events = [asyncio.Event() for _ in phases]
    async with asyncio.TaskGroup() as group:
        running = [
            [group.create_task(_kept(duty, event, phase.name), name=phase.name) for duty in phase.duties]
            for phase, event in zip(phases, events, strict=True)
        ]
        await stop.wait()
        try:
            async with asyncio.timeout(drain_seconds):
                for event, tasks in zip(events, running, strict=True):
                    event.set()
                    await asyncio.wait(tasks) if tasks else None
        except TimeoutError:
            _cancel([task for tasks in running for task in tasks], log)


async def _kept(duty: Duty, stop: asyncio.Event, phase: str) -> None:
    await duty(stop)
    if not stop.is_set():
        raise DutyEnded(f"a duty of the phase {phase!r} ended before the signal to stop")


def _cancel(tasks: Sequence[asyncio.Task[None]], log: FilteringBoundLogger) -> None:
    unfinished = [task for task in tasks if not task.done()]
    log.warning("drain_cut_short", phases=sorted({task.get_name() for task in unfinished}))
    for task in unfinished:
        task.cancel()


@contextmanager
def stopped_by_signals(stop: asyncio.Event, *, stopping: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Set ``stop`` at the first SIGTERM, SIGHUP or Ctrl-C; at the second signal the process ends at once.

    A signal that the process was started to ignore (``nohup``) stays ignored. ``stopping`` is called at the first
    signal, between two bytecodes of the main thread: also while the loop is busy.
    """
    loop = asyncio.get_running_loop()
    was_signalled = False

    def on_signal(number: int, _: FrameType | None) -> None:
        nonlocal was_signalled
        if was_signalled:
            os._exit(128 + number)
        was_signalled = True
        stopping()
        loop.call_soon_threadsafe(stop.set)

    numbers = list(_signals())
    for number in numbers:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


def _signals() -> Iterator[signal.Signals]:
    yield from (signal.SIGINT, signal.SIGTERM)
    hang_up: signal.Signals | None = getattr(signal, "SIGHUP", None)  # there is none on Windows
    if hang_up is not None and signal.getsignal(hang_up) is not signal.SIG_IGN:
        yield hang_up


def warn_of_polling(
    missing_bus_setting: str | None, log: FilteringBoundLogger, *, serves: bool, consumes: bool
) -> None:
    """Log once if announcements do not reach the viewers of other processes, who then see products only by polling.

    A process that serves and consumes shows its own products at once.
    """
    if missing_bus_setting is None or (serves and consumes):
        return
    log.warning(
        "viewers_will_only_poll",
        setting=missing_bus_setting,
        problem=f"{missing_bus_setting} is not set, so no announcement travels between `serve` and `consume`: viewers "
        "see new products only when they poll. Set it, or let one process do both: linkhub serve --consume",
    )


def _log_forced_end(threads: Sequence[str]) -> None:
    problem = "something did not end in time; what was accepted is safe, messages in hand are delivered again"
    get_logger("linkhub").warning("exit_forced", problem=problem, threads=threads)
    drain_logs(_LOG_SECONDS)


def start_exit_deadline(drain_seconds: float, log_end: Callable[[Sequence[str]], None] = _log_forced_end) -> None:
    """End the process if it has not ended a second after ``drain_seconds``.

    ``log_end`` gets the names of the threads that still work; the process does not wait for it for long.
    """

    def end() -> None:
        time.sleep(drain_seconds + _AFTER_DRAIN_SECONDS)
        busy = sorted(thread.name for thread in threading.enumerate() if not thread.daemon)
        logging_end = threading.Thread(target=log_end, args=(busy,), daemon=True)
        logging_end.start()
        logging_end.join(_LOG_SECONDS)
        os._exit(0)

    threading.Thread(target=end, name="linkhub-exit-deadline", daemon=True).start()


def guards(container: Container) -> Sequence[Duty]:
    """The duty that ends a process whose storage was taken away, if the backend can notice that."""
    check, log = container.backend().guard, container.log()
    if check is None:
        return []
    return [Guard(check=check, lost=lambda error: log.error("storage_lost", problem=str(error))).run]
