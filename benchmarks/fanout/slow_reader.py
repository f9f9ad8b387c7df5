"""One subscriber that never reads, among others that do: the time until it is cut, and the effect on the others."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from benchmarks.fanout.contestants import Contestant
from benchmarks.fanout.load import connect, subscription
from benchmarks.fanout.running import Load, Server, running

# The kernel takes some megabytes for a reader that does not read, before anything waits in the server.
MOST_ROUNDS = 4_000


@frozen(kw_only=True)
class SlowReading:
    """The latencies of the others, without a slow reader and beside one; for how many events it was there; and how
    long it stayed once it had passed the limit."""

    without: Sequence[float]
    beside: Sequence[float]
    rounds: int
    gone_seconds: float


def meet_slow_reader(contestant: Contestant, events: Path, directory: Path, others: int) -> SlowReading:
    """Broadcast on two servers by turns, so that noise meets both alike, until the slow reader of one is gone.

    Raises:
        RuntimeError: it never was.
    """
    without: list[float] = []
    beside: list[float] = []
    command, dialect = contestant.command(events, directory), contestant.dialect
    with (
        running(command, dialect, others) as quiet,
        running(command, dialect, others) as (server, load),
        _slow_client(server.port, dialect),
    ):
        server.tell("watch")
        assert server.lines.readline() == "watching\n"
        for number in range(1, MOST_ROUNDS + 1):
            without += _play(*quiet)
            beside += _play(server, load)
            if select.select([server.lines], [], [], 0)[0]:
                passed, gone = json.loads(server.lines.readline())
                return SlowReading(without=without, beside=beside, rounds=number, gone_seconds=gone - passed)
    raise RuntimeError(f"the slow reader was still there after {MOST_ROUNDS} events")


def _play(server: Server, load: Load) -> Sequence[float]:
    published = server.tell("publish")
    return [moment - published for moment in load.times()]


def _slow_client(port: int, dialect: str) -> socket.socket:
    client = connect(0, port, dialect, receive_buffer_bytes=4_096)
    client.sendall(subscription(dialect, None))
    return client
