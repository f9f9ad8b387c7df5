"""Time as it passes, and time that this process computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, process_time

from attrs import define


@define
class Stopwatch:
    """Seconds of the wall's clock and of this process's CPU (all its threads), summed over what was timed."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Add the time that the block takes."""
        wall, cpu = perf_counter(), process_time()
        yield
        self.wall_seconds += perf_counter() - wall
        self.cpu_seconds += process_time() - cpu
