"""The gateway as a duty: it accepts connections until the signal to stop, then closes all of them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

from attrs import frozen

from linkhub_adapters.realtime import EventStreams, Gateway, Hub, SocketIoServer

_CLOSED_PER_SECOND = 2_000


@frozen(kw_only=True)
class GatewayDuty:
    """The connections of all transports.

    Attributes:
        hub: the subscriptions of all connections.
        gateway: WebSockets.
        socketio: Socket.IO sessions, on polling as well.
        streams: event streams.
        listening: bound sockets for WebSockets alone, if there are any.
        drain_seconds: the time limit of the whole process; closing is spread over at most half of it.
    """

    hub: Hub
    gateway: Gateway
    socketio: SocketIoServer
    streams: EventStreams
    listening: Sequence[socket.socket]
    drain_seconds: float

    async def run(self, stop: asyncio.Event) -> None:
        """Accept connections until ``stop`` is set, then close all over a moment: WebSockets with 1001."""
        self.gateway.start()
        for each in self.listening:
            await self.gateway.listen(each)
        await stop.wait()
        spread_seconds = self._spread_seconds()
        # All at the same time: each of them first refuses new connections. The HTTP server ends in this phase as well,
        # and waits for the requests that polls and streams hold open.
        async with asyncio.TaskGroup() as group:
            group.create_task(self.socketio.close(spread_seconds))
            group.create_task(self.streams.close(spread_seconds))
            group.create_task(self.gateway.close(spread_seconds))
        self.hub.close()

    def _spread_seconds(self) -> float:
        count = len(self.gateway) + self.socketio.polling_count + len(self.streams)
        return min(count / _CLOSED_PER_SECOND, self.drain_seconds / 2)
