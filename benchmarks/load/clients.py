"""The clients of the run: one process, raw sockets, one epoll. It records when each client received each product.

    python -m benchmarks.load.clients TRAFFIC PORT DIRECTORY

``TRAFFIC`` is a :class:`~benchmarks.load.traffic.Traffic` as JSON. It prints ``ready`` when all have subscribed, and at
each line that it is sent how many events have come so far. When its standard input ends, it writes what it saw into the
directory: see :class:`Sightings`. It reads frames, but parses no JSON: the mark in a title names the product. A client
that is closed does not reconnect.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import cattrs
from attrs import define, field

from benchmarks.fanout.command_pipe import raise_limits
from benchmarks.fanout.load import a_frame, connect, read_until, subscription
from benchmarks.load.traffic import MARK, Traffic

READ_BYTES = 262_144
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


@define
class Sightings:
    """For each event: its client, its product, and the monotonic time of its receipt.

    ``closed`` are the close codes of clients, by their numbers; 1006 where there was none.
    """

    clients: array[int] = field(factory=lambda: array("I"), repr=False)
    products: array[int] = field(factory=lambda: array("I"), repr=False)
    times: array[float] = field(factory=lambda: array("d"), repr=False)
    closed: dict[int, int] = field(factory=dict)

    def write(self, directory: Path) -> None:
        """Write all into files of a directory."""
        for name in ("clients", "products", "times"):
            (directory / name).write_bytes(getattr(self, name).tobytes())
        (directory / "closed").write_text(json.dumps(list(self.closed.items())))

    @classmethod
    def read(cls, directory: Path) -> Sightings:
        """Read what was written."""
        sightings = cls(closed=dict(json.loads((directory / "closed").read_text())))
        for name in ("clients", "products", "times"):
            getattr(sightings, name).frombytes((directory / name).read_bytes())
        return sightings


@define(eq=False)
class _Client:
    number: int
    socket: socket.socket
    rest: bytes = b""


@define(eq=False)
class _Audience:
    """All clients and what they saw."""

    clients: dict[int, _Client]
    seen: Sightings = field(factory=Sightings)
    poll: select.epoll = field(factory=select.epoll)

    def watch(self) -> None:
        """Read until the standard input ends."""
        commands = sys.stdin.fileno()
        self.poll.register(commands, select.EPOLLIN)
        for descriptor, client in self.clients.items():
            client.socket.setblocking(False)
            self.poll.register(descriptor, select.EPOLLIN)
        while True:
            for descriptor, _ in self.poll.poll():
                if descriptor != commands:
                    self.read(self.clients[descriptor])
                elif os.read(commands, READ_BYTES):
                    print(len(self.seen.times), flush=True)
                else:
                    return

    def read(self, client: _Client) -> None:
        """Read what has come for one client."""
        try:
            chunk = client.socket.recv(READ_BYTES)
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            self.seen.closed.setdefault(client.number, 1006)
            self.poll.unregister(client.socket)
            return
        now, data = monotonic(), client.rest + chunk
        begin = 0
        while (bounds := _frame_at(data, begin)) is not None:
            self.take(client, data[begin] & 0xF, data, bounds, now)
            begin = bounds[1]
        client.rest = data[begin:]

    def take(self, client: _Client, opcode: int, data: bytes, bounds: tuple[int, int], now: float) -> None:
        """Take a frame, whose payload is within the bounds."""
        mark = data.find(MARK, *bounds) if opcode == _TEXT else -1
        if mark >= 0:
            self.seen.clients.append(client.number)
            self.seen.products.append(int(data[mark + 1 : mark + 8]))
            self.seen.times.append(now)
        elif opcode == _TEXT and data[slice(*bounds)] == b"2":
            client.socket.sendall(a_frame(_TEXT, b"3"))
        elif opcode == _PING:
            client.socket.sendall(a_frame(_PONG, data[slice(*bounds)]))
        elif opcode == _CLOSE:
            self.seen.closed[client.number] = int.from_bytes(data[bounds[0] : bounds[0] + 2])


def _frame_at(data: bytes, begin: int) -> tuple[int, int] | None:
    """The start and end of the payload of an unmasked frame; None if it is incomplete."""
    if len(data) < begin + 2:
        return None
    payload, length = begin + 2, data[begin + 1]
    if length >= 126:
        payload += 2 if length == 126 else 8
        length = int.from_bytes(data[begin + 2 : payload])
    end = payload + length
    return (payload, end) if end <= len(data) else None


def _subscribed(traffic: Traffic, port: int) -> Sequence[_Client]:
    clients = []
    sellers, dialects = traffic.sellers_of_clients(), traffic.dialects_of_clients()
    for number, (seller, dialect) in enumerate(zip(sellers, dialects, strict=True)):
        client = connect(number, port, dialect)
        client.sendall(subscription(dialect, None, seller=seller))
        read_until(client, b"subscribed")
        clients.append(_Client(number, client))
    return clients


def main(traffic: Traffic, port: int, directory: Path) -> None:
    """See the module."""
    raise_limits()
    audience = _Audience({client.socket.fileno(): client for client in _subscribed(traffic, port)})
    print("ready", flush=True)
    audience.watch()
    audience.seen.write(directory)


if __name__ == "__main__":
    main(cattrs.structure(json.loads(sys.argv[1]), Traffic), int(sys.argv[2]), Path(sys.argv[3]))
