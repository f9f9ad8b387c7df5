"""The line under the demonstration."""

import asyncio
from datetime import timedelta
from io import StringIO

from rich.console import Console

from linkhub_adapters.observability import Figures, Metrics
from linkhub_cli.backends import Backend, open_backend
from linkhub_cli.demo.status_line import StatusLine
from linkhub_cli.operator.backend_gauges import BackendGauges
from linkhub_cli.operator.seen import SeenMoment
from linkhub_cli.settings import Settings, Storage
from linkhub_core.testing.fakes import FakeClock

_MEMORY = Settings(storage=Storage(backend="memory"))


def _line(backend: Backend, console: Console) -> StatusLine:
    clock = FakeClock()
    gauges = BackendGauges(
        backend=backend, clock=clock, seen=SeenMoment(clock=clock), stall_after=timedelta(minutes=15)
    )
    gauges.figures = Figures(taken_at=clock.now(), staged=4, dead_letters=2)
    metrics = Metrics(take_realtime=lambda: {"connections": {"sse": 1, "websocket": 2}})
    metrics.saved.labels("new").inc(1_234)
    metrics.saved.labels("update").inc()
    metrics.duplicates.labels("caption").inc(3)
    return StatusLine(console=console, metrics=metrics, gauges=gauges)


async def test_shows_the_counts() -> None:
    """Products, updates, copies, halves, dead letters and clients, in one line."""
    async with open_backend(_MEMORY, FakeClock()) as backend:
        text = _line(backend, Console()).text()
    assert text == "1,234 products · 1 updates · 3 copies · 4 waiting · 2 rejected · 3 viewers"


async def test_draws_only_on_a_terminal() -> None:
    """Into a pipe it writes nothing, and ends when it is asked to stop."""
    stop, written = asyncio.Event(), StringIO()
    async with open_backend(_MEMORY, FakeClock()) as backend:
        running = asyncio.create_task(_line(backend, Console(file=written)).run(stop))
        await asyncio.sleep(0)
        stop.set()
        await running
    assert written.getvalue() == ""


async def test_draws_until_the_stop() -> None:
    """On a terminal the line is there, and the duty ends at the stop."""
    stop, written = asyncio.Event(), StringIO()
    async with open_backend(_MEMORY, FakeClock()) as backend:
        line = _line(backend, Console(file=written, force_terminal=True, width=120))
        running = asyncio.create_task(line.run(stop))
        await asyncio.sleep(0)
        stop.set()
        await running
    assert "1,234 products" in written.getvalue()
