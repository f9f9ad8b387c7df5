"""How a long-running process works and ends: in phases, stopped one after the other, within a time.

A phase is a set of duties, coroutines that work until their event is set and then finish what they have in hand. When
the process is told to stop, its phases are stopped in order: who takes work in first, who shows results last. What is
not done in time is cancelled; messages in hand then are delivered again later, so nothing is lost. A duty that fails
ends the process.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from attrs import frozen

__all__ = ["Duty", "DutyEnded", "Phase", "run_phases", "stopped_by_signals"]

Duty = Callable[[asyncio.Event], Awaitable[object]]


class DutyEnded(Exception):
    """A duty was over before it was told to stop: a bug, for a duty only ends when it fails or is told to."""

    def __init__(self, phase: str) -> None:
        super().__init__(phase)
        self.phase = phase

    def __str__(self) -> str:
        return f"a duty of the phase {self.phase!r} ended by itself"


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
    cut_short: Callable[[Sequence[str]], None],
) -> None:
    """Run every phase until ``stop`` is set, then stop one after the other.

    Args:
        phases: in the order in which they are stopped.
        stop: tells the process to stop.
        drain_seconds: how long all of them together may take to finish.
        cut_short: told the names of the phases that did not finish in time, before they are cancelled.

    Raises:
        ExceptionGroup: what the first duty that failed raised.
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
            _cancel([task for tasks in running for task in tasks], cut_short)


async def _kept(duty: Duty, stop: asyncio.Event, phase: str) -> None:
    await duty(stop)
    if not stop.is_set():
        raise DutyEnded(phase)


def _cancel(tasks: Sequence[asyncio.Task[None]], cut_short: Callable[[Sequence[str]], None]) -> None:
    unfinished = [task for task in tasks if not task.done()]
    cut_short(sorted({task.get_name() for task in unfinished}))
    for task in unfinished:
        task.cancel()


@contextmanager
def stopped_by_signals(stop: asyncio.Event, *, stopping: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Set ``stop`` at the first SIGTERM, SIGHUP or Ctrl-C; at the second signal the process ends at once.

    A signal that the process was started to ignore (``nohup``) stays ignored.

    Args:
        stop: the event on which the process stops.
        stopping: called at the first signal, between two bytecodes of the main thread: also while the loop is busy.
    """
    loop = asyncio.get_running_loop()
    was_told = False

    def on_signal(number: int, _: FrameType | None) -> None:
        nonlocal was_told
        if was_told:
            os._exit(128 + number)
        was_told = True
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
