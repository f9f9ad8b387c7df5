"""The gateway as a duty: it takes connections until it is told to stop, then says goodbye to all of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.realtime import EventStreams, Gateway, Hub, SocketIoServer

__all__ = ["Viewers"]

_GOODBYES_PER_SECOND = 2_000


@frozen(kw_only=True)
class Viewers:
    """Everybody who is connected.

    Attributes:
        hub: who watches what, by all of the following.
        gateway: WebSockets.
        socketio: Socket.IO sessions, those that poll among them.
        streams: event streams.
        listening: bound sockets for WebSockets alone, where there are some.
        drain_seconds: how long the whole process may take to stop; goodbyes are spread over at most half of it.
    """

    hub: Hub
    gateway: Gateway
    socketio: SocketIoServer
    streams: EventStreams
    listening: Sequence[socket.socket]
    drain_seconds: float

    async def run(self, stop: asyncio.Event) -> None:
        """Take connections until ``stop`` is set, then close all, many of them over a moment: WebSockets with 1001."""
        self.gateway.start()
        for each in self.listening:
            await self.gateway.listen(each)
        await stop.wait()
        spread_seconds = self._spread_seconds()
        # All at the same time, for each of them first of all lets nobody new in. The HTTP server ends in this phase,
        # too, and waits for the requests that polls and streams hold open.
        async with asyncio.TaskGroup() as group:
            group.create_task(self.socketio.close(spread_seconds))
            group.create_task(self.streams.close(spread_seconds))
            group.create_task(self.gateway.close(spread_seconds))
        self.hub.close()

    def _spread_seconds(self) -> float:
        count = len(self.gateway) + self.socketio.polling_count + len(self.streams)
        return min(count / _GOODBYES_PER_SECOND, self.drain_seconds / 2)
