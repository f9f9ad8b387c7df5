"""Everything that is live: Socket.IO, plain WebSocket and Server-Sent Events, and the hub that tells all of them.

    hub             who watches which shop; `Hub.broadcast` is what a bus calls, on the event loop
    gateway         WebSocket connections, on a port of their own or handed over by uvicorn
    plain           the plain WebSocket dialect

How they are put together, on a running event loop::

    settings = RealtimeSettings(origins=["https://shop.example"])
    hub = Hub(browse=browse, clock=clock, journal=journal, settings=settings)
    gateway = Gateway(
        doors={"/products": plain_door(hub)},
        settings=settings,
        counters=hub.counters,
    )
    gateway.start()                                        # its timer; before connections come
    await gateway.listen(socket)                           # a port of its own, if there is to be one
    uvicorn.Config(app, ws=gateway.make_connection)        # the HTTP port, if there is to be one
    ...
    hub.broadcast(announcement)                            # for each that the bus brings
    ...
    await gateway.close(spread_seconds=3.0)                # refuses new ones, closes all with 1001
    hub.close()

`Hub.stats` is what ``GET /api/v1/websocket/stats`` answers; `Hub.viewers_by_transport`, `Hub.subscription_count` and
`Hub.counters` are for metrics.
"""

from linkhub_adapters.realtime.counters import Counters, RefusalReason
from linkhub_adapters.realtime.gateway import Gateway
from linkhub_adapters.realtime.hub import Hub
from linkhub_adapters.realtime.plain import plain_door
from linkhub_adapters.realtime.settings import RealtimeSettings

__all__ = ["Counters", "Gateway", "Hub", "RealtimeSettings", "RefusalReason", "plain_door"]
