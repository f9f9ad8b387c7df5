"""Everything that is live: Socket.IO, plain WebSocket and Server-Sent Events, and the hub that tells all of them.

    hub                who watches which shop; `Hub.broadcast_all` is what a bus calls, on the event loop
    gateway            WebSocket connections, on a port of their own or handed over by uvicorn
    plain              the plain WebSocket, `/products`
    socketio_server    Socket.IO on a WebSocket, `/socket.io/`, and its sessions
    polling            Socket.IO by HTTP long-polling, as routes
    event_stream       Server-Sent Events, as a route
    uvicorn_server     the HTTP port, with bounded connections; not exported here, because it needs the extra `server`
    engineio, socketio the protocols of it, without I/O

How they are put together, on a running event loop::

    settings = RealtimeSettings(access=AccessPolicy(origins=["https://shop.example"]))
    hub = Hub(browse=browse, clock=clock, journal=journal, settings=settings)
    admission = Admission(settings=settings, counters=hub.counters)
    sockets = SocketIoServer(hub=hub, admission=admission)
    streams = EventStreams(hub=hub, admission=admission)
    gateway = Gateway(
        endpoints={PRODUCTS_PATH: plain_endpoint(hub), **dict.fromkeys(SOCKETIO_PATHS, sockets.endpoint)},
        admission=admission,
        sweeps=[sockets.sweep, streams.sweep],
    )
    routes = [*plain_routes(), *socketio_routes(sockets), *event_stream_routes(streams)]  # of the HTTP application
    gateway.start()                                        # its timer; before connections come
    await gateway.listen(socket)                           # a port of its own, if there is to be one
    # The HTTP port, if there is to be one.
    HttpServer(http_config(app, gateway.make_connection, drain_seconds=20, keep_alive_seconds=75), [socket])
    ...
    hub.broadcast_all(announcements)                       # whatever the bus brings together
    ...
    async with asyncio.TaskGroup() as group:               # nobody new is let in; all go, spread over a moment:
        group.create_task(sockets.close(spread_seconds=3)) # those that poll get their end,
        group.create_task(streams.close(spread_seconds=3)) # and so do event streams: else they hold up uvicorn
        group.create_task(gateway.close(spread_seconds=3)) # WebSockets are closed with 1001
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
