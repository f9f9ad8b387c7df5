"""The composition root of a server: everything of :mod:`linkhub_cli.wiring.container`, and the rooms that face
viewers."""

from __future__ import annotations

import resource
from collections.abc import Callable as Function
from collections.abc import Mapping, Sequence
from typing import Any

from dependency_injector.providers import Callable, Dependency, Factory, List, Singleton
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from linkhub_adapters.http import HttpServices, HttpSettings, KeptPages, create_app, create_health_app
from linkhub_adapters.observability import HttpFigures, RealtimeFigures
from linkhub_adapters.realtime import (
    PRODUCTS_PATH,
    SOCKETIO_PATHS,
    Admission,
    EventStreams,
    Gateway,
    HttpBounds,
    Hub,
    RealtimeSettings,
    SocketIoServer,
    event_stream_routes,
    plain_endpoint,
    plain_routes,
    socketio_routes,
)
from linkhub_adapters.realtime.endpoints.gateway import Endpoint
from linkhub_adapters.realtime.server.http_bounds import CutReason
from linkhub_cli.operator.process_registry import Attendance, Presence
from linkhub_cli.operator.status import OperatorStatus
from linkhub_cli.processes.listener_info import ListenerInfo
from linkhub_cli.settings import Listener, Settings
from linkhub_cli.wiring import documents
from linkhub_cli.wiring.container import Container
from linkhub_cli.wiring.readiness import probes_of
from linkhub_cli.wiring.refusal_log import RefusalLog
from linkhub_core.access import TrustedProxies
from linkhub_core.application.subscriber_session import SessionLimits

__all__ = ["ServerContainer"]


def _http_settings(listener: Listener, process: ListenerInfo) -> HttpSettings:
    return HttpSettings(
        access=process.access,
        cors_methods=("GET", "HEAD", "OPTIONS", "POST"),  # Socket.IO posts when it polls
        admin_token=listener.admin_token,
        probe_timeout_seconds=listener.probe_timeout_seconds,
    )


def _realtime_settings(settings: Settings, process: ListenerInfo) -> RealtimeSettings:
    realtime = settings.realtime
    return RealtimeSettings(
        access=process.access,
        session=SessionLimits(
            max_subscriptions=realtime.max_subscriptions,
            messages_per_minute=realtime.messages_per_minute,
            max_frame_bytes=realtime.max_frame_bytes,
        ),
        max_unsent_bytes=realtime.max_unsent_bytes,
        max_connections_per_address=realtime.max_connections_per_address,
        max_polling_payload_bytes=realtime.max_polling_payload_bytes,
        ping_interval_seconds=realtime.ping_interval_seconds,
        ping_timeout_seconds=realtime.ping_timeout_seconds,
    )


def _endpoints(hub: Hub, socketio: SocketIoServer) -> Mapping[str, Endpoint]:
    return {PRODUCTS_PATH: plain_endpoint(hub), **dict.fromkeys(SOCKETIO_PATHS, socketio.endpoint)}


def _realtime_routes(socketio: SocketIoServer, streams: EventStreams) -> Sequence[BaseRoute]:
    return [*plain_routes(), *socketio_routes(socketio), *event_stream_routes(streams)]


def _app(
    services: HttpServices,
    settings: HttpSettings,
    process: ListenerInfo,
    realtime_routes: Sequence[BaseRoute],
    extra_routes: Sequence[BaseRoute],
) -> Starlette:
    if process.realtime_only:
        return create_health_app(services, settings, realtime_routes)
    routes = [*realtime_routes, *documents.asyncapi_routes(), *extra_routes]
    return create_app(services, settings, routes, documents.openapi_paths())


def _counting(hub: Hub) -> Function[[], RealtimeFigures]:
    def take() -> RealtimeFigures:
        counters = hub.counters
        return RealtimeFigures(
            connections=hub.connections_by_transport(),
            subscriptions=hub.subscription_count,
            deliveries=counters.deliveries,
            slow_readers_closed=counters.slow_readers_closed,
            connections_opened=counters.connections_opened,
            connections_closed=counters.connections_closed,
            messages=counters.messages_in,
            errors=counters.errors,
            broadcasts=counters.broadcasts,
            repeats_dropped=counters.repeats_dropped,
            refused={reason.value: count for reason, count in counters.refused.items()},
        )

    return take


def _http_bounds(listener: Listener) -> HttpBounds:
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = listener.http_connections_per_address
    return HttpBounds(
        connections_per_address=most if descriptors == resource.RLIM_INFINITY else min(most, max(1, descriptors // 4)),
        admission=Admission(max_in_work=listener.http_requests_in_work),
        trusted_proxies=TrustedProxies.parse(listener.trusted_proxies or ()),
    )


def _uvicorn_config(*arguments: Any) -> Any:
    from linkhub_adapters.realtime.server.uvicorn_server import http_config  # noqa: PLC0415  an extra

    return http_config(*arguments)


def _http_figures(pages: KeptPages, bounds: HttpBounds) -> Function[[], HttpFigures]:
    def take() -> HttpFigures:
        counts = pages.counts
        return HttpFigures(
            page_reads={"kept": counts.hits, "joined": counts.joined, "read": counts.misses},
            kept_page_bytes=counts.kept_bytes,
            cut={reason.value: bounds.cut[reason] for reason in CutReason},
            requests_in_work=bounds.admission.in_work,
            requests_waiting=bounds.admission.waiting,
        )

    return take


def _subscriptions_by_seller(hub: Hub) -> Function[[], Mapping[str, int]]:
    return lambda: hub.stats()["clientsPerSeller"]


class ServerContainer(Container):
    """Every part of a server. ``process`` is what is known once its port is taken."""

    process: Dependency[ListenerInfo] = Dependency(instance_of=ListenerInfo)

    extra_routes: Dependency[Sequence[BaseRoute]] = Dependency()
    probes = Singleton(
        probes_of,
        Container.backend.provided.probes,
        Container.backend.provided.work_probes,
        consumes=process.provided.consumes,
    )

    realtime_settings = Callable(_realtime_settings, Container.settings, process)
    hub = Singleton(
        Hub, browse=Container.browse, clock=Container.clock, journal=Container.journal, settings=realtime_settings
    )
    refused = Singleton(RefusalLog, Container.log)
    socketio = Singleton(SocketIoServer, hub=hub, settings=realtime_settings, refused=refused)
    streams = Singleton(EventStreams, hub=hub, settings=realtime_settings, refused=refused)
    gateway = Singleton(
        Gateway,
        endpoints=Callable(_endpoints, hub, socketio),
        settings=realtime_settings,
        counters=hub.provided.counters,
        sweeps=List(socketio.provided.sweep, streams.provided.sweep),
        refused=refused,
    )
    realtime_figures = Callable(_counting, hub)

    pages = Singleton(KeptPages, browse=Container.browse, stamps=Container.backend.provided.stamps)
    http_bounds = Singleton(_http_bounds, Container.settings.provided.listener)
    http_figures = Callable(_http_figures, pages, http_bounds)

    presence = Singleton(
        Presence,
        node=process.provided.node,
        metrics=Container.metrics,
        clock=Container.clock,
        log=Container.log,
        meet=Container.backend.provided.meet,
        leave=Container.backend.provided.leave,
        realtime=realtime_figures,
    )
    meeting = Singleton(Attendance, presence=presence, journal=Container.journal)
    operator_status = Singleton(
        OperatorStatus,
        process=process,
        presence=presence,
        signs=Container.vital_signs,
        clock=Container.clock,
        realtime=realtime_figures,
        sellers=Callable(_subscriptions_by_seller, hub),
        staging_ttl_seconds=Container.settings.provided.consuming.staging_ttl_seconds,
    )
    http_services = Singleton(
        HttpServices,
        browse=Container.browse,
        pages=pages,
        stats=hub.provided.stats,
        metrics=Container.metrics.provided.expose,
        operator_status=operator_status,
        failed=Container.failed_request,
        draining=process.provided.is_stopping,
        probes=probes,
        refused=refused,
    )
    app = Singleton(
        _app,
        services=http_services,
        settings=Callable(_http_settings, Container.settings.provided.listener, process),
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
