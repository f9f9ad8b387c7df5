"""The gateway as a duty: it takes connections until it is told to stop, then says goodbye to all of them."""

from __future__ import annotations

import asyncio
import socket

from attrs import frozen

from linkhub_adapters.realtime import EventStreams, Gateway, Hub, SocketIoServer

__all__ = ["Viewers"]

_GOODBYES_PER_SECOND = 2_000
_MAX_SPREAD_SECONDS = 2.0


@frozen(kw_only=True)
class Viewers:
    """Everybody who is connected. ``listening`` is a bound socket for WebSockets alone, where there is one."""

    hub: Hub
    gateway: Gateway
    socketio: SocketIoServer
    streams: EventStreams
    listening: socket.socket | None

    async def run(self, stop: asyncio.Event) -> None:
        """Take connections until ``stop`` is set, then close them with 1001: many of them over a moment."""
        self.gateway.start()
        if self.listening is not None:
            await self.gateway.listen(self.listening)
        await stop.wait()
        # Those that poll or stream first: they hold requests open, which the HTTP server waits for.
        self.socketio.close()
        self.streams.close()
        await self.gateway.close(spread_seconds=min(_MAX_SPREAD_SECONDS, len(self.gateway) / _GOODBYES_PER_SECOND))
        self.hub.close()
