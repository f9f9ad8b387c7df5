"""``websockets.broadcast`` over websockets' own asyncio server; both with their defaults, but without compression."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.fanout.command_pipe import obey, open_port, raise_limits


async def main(events: Sequence[str]) -> None:
    """Serve until the pipe is closed."""
    raise_limits()
    messages = iter(events)
    subscribers: set[ServerConnection] = set()

    async def attend(connection: ServerConnection) -> None:
        await connection.send('{"event":"connected","data":{}}')
        await connection.recv()
        subscribers.add(connection)
        await connection.send('{"event":"subscribed","data":{}}')
        await connection.wait_closed()
        subscribers.discard(connection)

    def publish() -> None:
        broadcast(subscribers, f'{{"event":"new_product","data":{next(messages)}}}')

    listening = open_port()
    async with serve(attend, sock=listening, compression=None):
        await obey(listening, {"publish": publish})


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()))
