"""The composition root of a server: the parts of :mod:`.container`, and the rooms that face clients."""

from __future__ import annotations

import resource
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Callable as Function
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

from attrs import asdict, fields_dict
from dependency_injector.providers import Callable, Dependency, Factory, List, Object, Singleton
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from linkhub_adapters.http import HttpServices, HttpSettings, KeptPages, create_app, create_health_app
from linkhub_adapters.http.api.encoded_body import EncodedBody
from linkhub_adapters.http.pages import page_routes
from linkhub_adapters.http.pages.contact_links import ContactLinks
from linkhub_adapters.http.pages.currency import Currency
from linkhub_adapters.http.pages.shop_settings import ShopSettings
from linkhub_adapters.observability import Metrics, Readings
from linkhub_adapters.realtime import (
    PRODUCTS_PATH,
    SOCKETIO_PATHS,
    Admission,
    EventStreams,
    Gateway,
    HttpBounds,
    Hub,
    RealtimeSettings,
    RequestScheduler,
    SocketIoServer,
    asyncapi,
    event_stream_routes,
    plain_endpoint,
    plain_routes,
    socketio_routes,
)
from linkhub_adapters.realtime.endpoints.gateway import Endpoint
from linkhub_adapters.realtime.server.http_bounds import CutReason
from linkhub_adapters.runtime import Listener as BusListener
from linkhub_cli.operator.action_log import ActionLog
from linkhub_cli.operator.desk import Desk
from linkhub_cli.operator.history import History
from linkhub_cli.operator.status import OperatorStatus
from linkhub_cli.settings import Listener, Settings, Shops
from linkhub_cli.wiring.access import RefusalLog
from linkhub_cli.wiring.container import Container, open_parts
from linkhub_cli.wiring.listener_info import ListenerInfo
from linkhub_cli.wiring.readiness import probes_of
from linkhub_core.access import TrustedProxies
from linkhub_core.application.subscriber_session import SessionLimits
from linkhub_core.model.announcement import Announcement
from linkhub_core.ports import AnnouncementFeed, Clock, Journal
from linkhub_core.wire import json_text


def _http_settings(listener: Listener, shops: Shops, process: ListenerInfo) -> HttpSettings:
    return HttpSettings(
        access=process.access,
        cors_methods=("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH"),  # Socket.IO posts when it polls
        admin_token=listener.admin_token,
        changes_allowed_by="LINKHUB_ADMIN_TOKEN",
        compression=listener.compression,
        probe_timeout_seconds=listener.probe_timeout_seconds,
        shops=ShopSettings(
            public_url=listener.public_url,
            public_url_set_by="LINKHUB_PUBLIC_URL",
            currency=None if shops.currency is None else Currency(shops.currency),
            contacts=ContactLinks.parse(shops.contacts or ()),
        ),
    )


def _realtime_settings(settings: Settings, process: ListenerInfo) -> RealtimeSettings:
    chosen = asdict(settings.realtime)  # its fields have the names of the adapter's
    session = SessionLimits(**{name: chosen.pop(name) for name in fields_dict(SessionLimits)})
    compression = settings.listener.compression
    return RealtimeSettings(access=process.access, session=session, compression=compression, **chosen)


def _endpoints(hub: Hub, socketio: SocketIoServer) -> Mapping[str, Endpoint]:
    return {PRODUCTS_PATH: plain_endpoint(hub), **dict.fromkeys(SOCKETIO_PATHS, socketio.endpoint)}


def _realtime_routes(socketio: SocketIoServer, streams: EventStreams) -> Sequence[BaseRoute]:
    return [*plain_routes(), *socketio_routes(socketio), *event_stream_routes(streams)]


def _asyncapi_route() -> Route:
    document = EncodedBody.of(json_text.dump(asyncapi.describe()), "application/json")
    return Route("/asyncapi.json", partial(page_routes.show_page, document))


def _app(
    services: HttpServices,
    settings: HttpSettings,
    process: ListenerInfo,
    realtime_routes: Sequence[BaseRoute],
    extra_routes: Sequence[BaseRoute],
) -> Starlette:
    if process.realtime_only:
        return create_health_app(services, settings, realtime_routes)
    routes = [*realtime_routes, _asyncapi_route(), *extra_routes]
    return create_app(services, settings, routes, asyncapi.openapi_paths())


def _realtime_readings(hub: Hub) -> Readings:
    return {
        **asdict(hub.counters),
        "connections": hub.connections_by_transport(),
        "subscriptions": hub.subscription_count,
    }


def _http_bounds(listener: Listener) -> HttpBounds:
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = listener.http_connections_per_address
    return HttpBounds(
        connections_per_address=most if descriptors == resource.RLIM_INFINITY else min(most, max(1, descriptors // 4)),
        scheduler=RequestScheduler(max_in_work=listener.http_requests_in_work),
        trusted_proxies=TrustedProxies.parse(listener.trusted_proxies or ()),
    )


def _uvicorn_config(*arguments: Any) -> Any:
    from linkhub_adapters.realtime.server.uvicorn_server import http_config

    return http_config(*arguments)


def _http_readings(pages: KeptPages, bounds: HttpBounds) -> Readings:
    counts = pages.counts
    return {
        "page_reads": {"kept": counts.hits, "joined": counts.joined, "read": counts.misses},
        "kept_page_bytes": counts.kept_bytes,
        "cut": {reason: bounds.cut[reason] for reason in CutReason},
        "requests": {"in_work": bounds.scheduler.in_work, "waiting": bounds.scheduler.waiting},
    }


def _listener(
    feed: AnnouncementFeed,
    hub: Hub,
    received: Function[[Sequence[Announcement]], None],
    clock: Clock,
    journal: Journal,
) -> BusListener:
    def deliver(announcements: Sequence[Announcement]) -> None:
        received(announcements)  # first: no client that got an event may get a page that was read before it
        hub.broadcast_all(announcements)

    return BusListener(feed=feed, deliver=deliver, recover=hub.catch_up, clock=clock, journal=journal)


def _timing(metrics: Metrics, clock: Clock) -> Function[[Sequence[Announcement]], None]:
    """Measures the time from a worker's stamp to the connections of subscribers."""

    def written(announcements: Sequence[Announcement]) -> None:
        now = clock.now()
        for announcement in announcements:
            if announcement.stamped_at is not None:
                stamped_at = datetime.fromisoformat(announcement.stamped_at)
                metrics.on_screen.observe(max(0.0, (now - stamped_at).total_seconds()))

    return written


class ServerContainer(Container):
    """Every part of a server. ``process`` describes it, with its ports bound; ``feed`` is an open feed."""

    process: Dependency[ListenerInfo] = Dependency(instance_of=ListenerInfo)
    feed: Dependency[AnnouncementFeed] = Dependency()
    extra_routes: Object[Sequence[BaseRoute]] = Object(())

    realtime_settings = Callable(_realtime_settings, Container.settings, process)
    hub = Singleton(
        Hub,
        browse=Container.browse,
        clock=Container.clock,
        journal=Container.journal,
        settings=realtime_settings,
        written=Callable(_timing, Container.metrics, Container.clock),
    )
    listener = Singleton(
        _listener,
        feed=feed,
        hub=hub,
        received=Container.backend.provided.received,
        clock=Container.clock,
        journal=Container.journal,
    )
    probes = Singleton(
        probes_of,
        Container.backend.provided.probes,
        Container.backend.provided.work_probes,
        consumes=process.provided.consumes,
        bus=listener.provided.check,
    )
    refused = Singleton(RefusalLog, Container.log)
    admission = Singleton(Admission, settings=realtime_settings, counters=hub.provided.counters, refused=refused)
    socketio = Singleton(SocketIoServer, hub=hub, admission=admission)
    streams = Singleton(EventStreams, hub=hub, admission=admission)
    gateway = Singleton(
        Gateway,
        endpoints=Callable(_endpoints, hub, socketio),
        admission=admission,
        sweeps=List(streams.provided.sweep),
    )
    realtime_readings = Callable(_realtime_readings, hub)

    pages = Singleton(KeptPages, browse=Container.browse, stamps=Container.backend.provided.stamps)
    http_bounds = Singleton(_http_bounds, Container.settings.provided.listener)
    http_readings = Callable(_http_readings, pages, http_bounds)

    operator_status = Singleton(
        OperatorStatus,
        is_stopping=process.provided.is_stopping,
        registry=Container.registry,
        gauges=Container.gauges,
        backend=Container.settings.provided.storage.backend,
        clock=Container.clock,
        realtime=Container.take_realtime,
        stats=hub.provided.stats,
        staging_ttl_seconds=Container.settings.provided.consuming.staging_ttl_seconds,
        stall_seconds=Container.settings.provided.consuming.stall_seconds,
    )
    history = Singleton(
        History,
        registry=Container.registry,
        gauges=Container.gauges,
        clock=Container.clock,
        journal=Container.journal,
        realtime=Container.take_realtime,
    )
    desk = Singleton(
        Desk,
        gauges=Container.gauges,
        hour=history,
        changes=Container.change_letters,
        explain=Container.why,
        clock=Container.clock,
    )
    http_services = Singleton(
        HttpServices,
        browse=Container.browse,
        listings=Container.set_listing,
        shops=Container.shops,
        pages=pages,
        stats=hub.provided.stats,
        metrics=Container.metrics.provided.expose,
        operator_status=operator_status,
        desk=desk,
        acted=Singleton(ActionLog, Container.log),
        failed=Container.failed_request,
        draining=process.provided.is_stopping,
        probes=probes,
        refused=refused,
    )
    app = Singleton(
        _app,
        services=http_services,
        settings=Callable(
            _http_settings, Container.settings.provided.listener, Container.settings.provided.shops, process
        ),
        process=process,
        realtime_routes=Callable(_realtime_routes, socketio, streams),
        extra_routes=extra_routes,
    )
    uvicorn_config = Factory(
        _uvicorn_config,
        app,
        gateway.provided.make_connection,
        Container.settings.provided.consuming.drain_seconds,
        Container.settings.provided.listener.keep_alive_seconds,
        http_bounds,
    )


@asynccontextmanager
async def open_server(
    settings: Settings, process: ListenerInfo, routes: Sequence[BaseRoute] = (), *, clock: Clock | None = None
) -> AsyncIterator[ServerContainer]:
    """Open the backend and its feed, and give the container of a server; raises as :func:`open_parts` does.

    ``process`` has its ports bound; ``routes`` are added to those of every server.
    """
    async with open_parts(settings, clock=clock) as parts, parts["backend"]().open_feed() as feed:
        container: ServerContainer = ServerContainer(
            **parts,
            process=Object(process),
            node=Object(process.node),
            feed=Object(feed),
            extra_routes=Object(routes),
            # The hub reads stores that the metrics count, so the metrics are made first.
            take_realtime=Object(lambda: container.realtime_readings()),  # noqa: PLW0108  not made yet
            take_http=Object(lambda: container.http_readings()),  # noqa: PLW0108  not made yet
        )
        yield container
