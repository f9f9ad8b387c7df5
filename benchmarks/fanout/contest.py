"""The contest: all servers run side by side, idle but for the one whose turn it is, so that noise meets all alike."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from attrs import define, field

from benchmarks.fanout.contestants import Contestant, Unavailable
from benchmarks.fanout.running import Load, Server, running_load, running_server

WARM_UP_ROUNDS = 5
SETTLING_SECONDS = 0.02


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@define(kw_only=True)
class Figures:
    """The measurements of one server. ``latencies`` are seconds from the command to publish until receipt."""

    connections: int
    bytes_per_connection: float
    cpu_seconds: float = 0.0
    messages: int = 0
    size_bytes: int = 0
    latencies: list[float] = field(factory=list)

    @property
    def cpu_microseconds(self) -> float:
        """CPU of the server for each delivered message."""
        return self.cpu_seconds / self.messages * 1e6

    @property
    def bytes_per_message(self) -> float:
        """What a client reads for each message."""
        return self.size_bytes / self.messages


@define
class _Entrant:
    server: Server
    load: Load
    figures: Figures

    def play(self, *, counts: bool) -> None:
        """Publish one event, and wait until everybody has it."""
        cpu_seconds = self.server.cpu_seconds()
        published = self.server.tell("publish")
        times, size_bytes = self.load.times_and_bytes()
        assert len(times) == self.figures.connections, "an event came twice, or one of another round"
        time.sleep(SETTLING_SECONDS)
        if counts:
            self.figures.cpu_seconds += self.server.cpu_seconds() - cpu_seconds
            self.figures.messages += len(times)
            self.figures.size_bytes += size_bytes
            self.figures.latencies += [moment - published for moment in times]


def hold_contest(
    contestants: Iterable[Contestant],
    events: Path,
    directory: Path,
    *,
    connections: int,
    rounds: int,
    rest_seconds: float = 1.0,
) -> Mapping[str, Figures | Unavailable]:
    """Run all servers with so many clients each, and let each publish so many events, taking turns.

    Before the memory of a server is looked at, it rests for ``rest_seconds``.

    Raises:
        RuntimeError: a server did not deliver.
    """
    outcomes: dict[str, Figures | Unavailable] = {}
    with ExitStack() as opened:
        entrants = []
        for contestant in contestants:
            try:
                command = contestant.command(events, directory)
            except Unavailable as unavailable:
                outcomes[contestant.name] = unavailable
                continue
            server = opened.enter_context(running_server(command))
            before = server.resident_bytes()
            load = opened.enter_context(running_load(server, contestant.dialect, connections))
            time.sleep(rest_seconds)
            held = server.resident_bytes() - before
            figures = outcomes[contestant.name] = Figures(
                connections=connections, bytes_per_connection=held / connections
            )
            entrants.append(_Entrant(server, load, figures))
        for number in range(-WARM_UP_ROUNDS, rounds):
            for entrant in entrants:
                entrant.play(counts=number >= 0)
    return outcomes
