"""The realtime room: Socket.IO, plain WebSocket and Server-Sent Events, and the hub that broadcasts to them.

    hub                the subscribers of each shop; a bus calls `Hub.broadcast_all` on the event loop
    admission          who may connect, for all transports
    gateway            WebSocket connections, on their own port or handed over by the HTTP server
    plain_websocket    the plain WebSocket, `/products`
    socketio_server    Socket.IO on a WebSocket, `/socket.io/`, and its sessions
    polling            Socket.IO by HTTP long-polling, as routes
    event_stream       Server-Sent Events, as a route
    uvicorn_server     the HTTP port, with bounded connections; not exported here, because it needs the extra `server`
    engineio, socketio their protocols, without I/O

Wiring, on a running event loop::

    settings = RealtimeSettings(access=AccessPolicy(origins=["https://shop.example"]))
    hub = Hub(browse=browse, clock=clock, journal=journal, settings=settings)
    admission = Admission(settings=settings, counters=hub.counters)
    sockets = SocketIoServer(hub=hub, admission=admission)
    streams = EventStreams(hub=hub, admission=admission)
    gateway = Gateway(
        endpoints={PRODUCTS_PATH: plain_endpoint(hub), **dict.fromkeys(SOCKETIO_PATHS, sockets.endpoint)},
        admission=admission,
        sweeps=[streams.sweep],
    )
    routes = [*plain_routes(), *socketio_routes(sockets), *event_stream_routes(streams)]  # of the HTTP application
    gateway.start()                                        # its timer, before connections arrive
    await gateway.listen(socket)                           # its own port, if it has one
    # The HTTP port, if there is one.
    HttpServer(http_config(app, gateway.make_connection, drain_seconds=20, keep_alive_seconds=75), [socket])
    ...
    hub.broadcast_all(announcements)                       # each batch of the bus
    ...
    async with asyncio.TaskGroup() as group:               # no new connections; the others end over 3 s:
        group.create_task(sockets.close(spread_seconds=3)) # polling sessions,
        group.create_task(streams.close(spread_seconds=3)) # event streams, which the HTTP server waits for,
        group.create_task(gateway.close(spread_seconds=3)) # and WebSockets, with 1001
    hub.close()

`Hub.stats` is what ``GET /api/v1/websocket/stats`` answers; `Hub.connections_by_transport`, `Hub.subscription_count`
and `Hub.counters` are for metrics.
"""

from linkhub_adapters.realtime.counters import Counters, RefusalReason
from linkhub_adapters.realtime.endpoints.admission import Admission
from linkhub_adapters.realtime.endpoints.event_stream import EVENTS_PATH, EventStreams, event_stream_routes
from linkhub_adapters.realtime.endpoints.gateway import Gateway
from linkhub_adapters.realtime.endpoints.plain_websocket import PRODUCTS_PATH, plain_endpoint, plain_routes
from linkhub_adapters.realtime.endpoints.polling import SOCKETIO_PATH, SOCKETIO_PATHS, socketio_routes
from linkhub_adapters.realtime.endpoints.socketio_server import SocketIoServer
from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.server.http_bounds import HttpBounds
from linkhub_adapters.realtime.server.request_scheduler import RequestScheduler
from linkhub_adapters.realtime.settings import RealtimeSettings

__all__ = [
    "EVENTS_PATH",
    "PRODUCTS_PATH",
    "SOCKETIO_PATH",
    "SOCKETIO_PATHS",
    "Admission",
    "Counters",
    "EventStreams",
    "Gateway",
    "HttpBounds",
    "Hub",
    "RealtimeSettings",
    "RefusalReason",
    "RequestScheduler",
    "SocketIoServer",
    "event_stream_routes",
    "plain_endpoint",
    "plain_routes",
    "socketio_routes",
]
