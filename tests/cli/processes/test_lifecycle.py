"""Phases: they run together, stop in order, and are cut short when their time is over."""

import asyncio
import os
import signal
import sys

import pytest
import structlog

from linkhub_cli.processes.lifecycle import Duty, DutyEnded, Phase, run_phases, stopped_by_signals, warn_of_polling
from tests.support.processes import Process


def _noted(name: str, notes: list[str], *, finish: Duty | None = None) -> Duty:
    async def duty(stop: asyncio.Event) -> None:
        notes.append(f"{name} began")
        await stop.wait()
        if finish is not None:
            await finish(stop)
        notes.append(f"{name} ended")

    return duty


async def _run(phases: list[Phase], stop: asyncio.Event, drain_seconds: float = 60) -> list[str]:
    with structlog.testing.capture_logs() as lines:
        await run_phases(phases, stop, drain_seconds=drain_seconds, log=structlog.get_logger())
    return [name for line in lines if line["event"] == "drain_cut_short" for name in line["phases"]]


async def test_phases_stop_one_after_the_other() -> None:
    """A phase is stopped only after all duties of the phase before it have ended."""
    notes: list[str] = []

    began = asyncio.Event()

    async def note_beginning(stop: asyncio.Event) -> None:
        began.set()
        await stop.wait()

    async def slowly(_: asyncio.Event) -> None:
        for _turn in range(5):
            await asyncio.sleep(0)

    phases = [
        Phase(name="work", duties=[_noted("work", notes, finish=slowly), _noted("sweep", notes)]),
        Phase(name="show", duties=[_noted("show", notes), note_beginning]),
    ]
    stop = asyncio.Event()
    running = asyncio.create_task(_run(phases, stop))
    await began.wait()
    stop.set()
    assert await running == []
    assert notes == ["work began", "sweep began", "show began", "sweep ended", "work ended", "show ended"]


async def test_what_is_not_done_in_time_is_cancelled() -> None:
    """The phases that did not finish are logged by name, and do not delay the end."""
    notes: list[str] = []

    async def never(_: asyncio.Event) -> None:
        await asyncio.Event().wait()

    phases = [
        Phase(name="work", duties=[_noted("work", notes, finish=never)]),
        Phase(name="show", duties=[_noted("show", notes)]),
    ]
    stop = asyncio.Event()
    stop.set()
    assert await _run(phases, stop, drain_seconds=0) == ["show", "work"]
    assert notes == ["work began", "show began"]


async def test_a_duty_that_fails_ends_the_others() -> None:
    """The process does not live on without one of its parts."""
    notes: list[str] = []

    async def fail(_: asyncio.Event) -> None:
        raise OSError("gone")

    phases = [Phase(name="work", duties=[fail]), Phase(name="show", duties=[_noted("show", notes)])]
    with pytest.raises(ExceptionGroup) as group:
        await _run(phases, asyncio.Event())
    assert group.group_contains(OSError, match="gone")


async def test_a_duty_that_ends_before_the_stop_is_a_failure() -> None:
    """A part that is silently over would go unnoticed."""

    async def nothing(_: asyncio.Event) -> None:
        return

    with pytest.raises(ExceptionGroup) as group:
        await _run([Phase(name="work", duties=[nothing])], asyncio.Event())
    assert group.group_contains(DutyEnded, match="'work' ended before the signal")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_signals_stop(number: signal.Signals) -> None:
    """SIGTERM, SIGHUP and Ctrl-C ask for the end; the handlers go when the context is left."""
    stop = asyncio.Event()
    with stopped_by_signals(stop):
        os.kill(os.getpid(), number)
        async with asyncio.timeout(30):
            await stop.wait()
    assert signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}


_HANGS = """
import asyncio
from linkhub_cli.processes.lifecycle import stopped_by_signals

async def main():
    stop = asyncio.Event()
    with stopped_by_signals(stop):
        print("working", flush=True)
        await stop.wait()
        print("stopping", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_second_signal_ends_the_process_at_once() -> None:
    """A second signal skips the drain."""
    with Process([sys.executable, "-c", _HANGS]) as process:
        process.wait_for_line("working")
        os.kill(process.pid, signal.SIGTERM)
        process.wait_for_line("stopping")
        assert process.terminate() == 128 + signal.SIGTERM


_IGNORES_HANG_UP = """
import asyncio, signal
from linkhub_cli.processes.lifecycle import stopped_by_signals

async def main():
    stop = asyncio.Event()
    with stopped_by_signals(stop):
        print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN, flush=True)

signal.signal(signal.SIGHUP, signal.SIG_IGN)
asyncio.run(main())
"""


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    """A process under nohup outlives its terminal."""
    with Process([sys.executable, "-c", _IGNORES_HANG_UP]) as process:
        assert process.wait() == 0
        assert process.stdout_lines == ["True"]


_BLOCKS = """
import asyncio, threading
from linkhub_cli.processes.lifecycle import start_exit_deadline, stopped_by_signals

def tell(threads):
    print("forced:", *threads, flush=True)

async def main():
    stop = asyncio.Event()
    with stopped_by_signals(stop, stopping=lambda: start_exit_deadline(0, tell)):
        print("working", flush=True)
        {blocking}

asyncio.run(main())
"""


@pytest.mark.parametrize(
    "blocking",
    [
        pytest.param("await asyncio.to_thread(threading.Event().wait)", id="a thread that is joined at exit"),
        pytest.param("threading.Event().wait()", id="the loop itself"),
        pytest.param("await stop.wait(); threading.Thread(target=threading.Event().wait).start()", id="after the end"),
    ],
)
def test_a_process_ends_whatever_waits(blocking: str) -> None:
    """Nothing here ever ends: only the deadline can, and it names the threads that still work."""
    with Process([sys.executable, "-c", _BLOCKS.format(blocking=blocking)]) as process:
        process.wait_for_line("working")
        assert process.terminate() == 0
        assert process.stdout_lines[-1].startswith("forced: MainThread")


def _warnings(setting: str | None, *, serves: bool, consumes: bool) -> list[str]:
    with structlog.testing.capture_logs() as lines:
        warn_of_polling(setting, structlog.get_logger(), serves=serves, consumes=consumes)
    assert all(line["log_level"] == "warning" and line["setting"] in line["problem"] for line in lines)
    return [line["setting"] for line in lines]


@pytest.mark.parametrize(("serves", "consumes"), [(True, False), (False, True), (True, True)])
def test_a_missing_bus_is_named_unless_one_process_does_both(serves: bool, consumes: bool) -> None:
    """One line that names the setting, from the server and from the consumer."""
    named = [] if serves and consumes else ["SNS_NEW_PRODUCT_TOPIC_ARN"]
    assert _warnings("SNS_NEW_PRODUCT_TOPIC_ARN", serves=serves, consumes=consumes) == named
    assert _warnings(None, serves=serves, consumes=consumes) == []
