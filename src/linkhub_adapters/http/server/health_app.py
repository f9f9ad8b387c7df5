"""What can be asked of every process that works: whether it lives, whether it is ready, and its metrics.

A server answers these beside everything else; a consumer answers nothing but these, a realtime server these and its
transports.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from linkhub_adapters.http.api import operator_routes as figures
from linkhub_adapters.http.api import problems
from linkhub_adapters.http.server import health
from linkhub_adapters.http.server.admin_token import RequireToken
from linkhub_adapters.http.server.cross_origin import CrossOrigin
from linkhub_adapters.http.server.http_settings import HttpSettings
from linkhub_adapters.http.server.last_resort import LastResort
from linkhub_adapters.http.server.operator_guard import RequireOwnHost
from linkhub_adapters.http.server.security_headers import SecurityHeaders
from linkhub_adapters.http.server.services import HealthServices

__all__ = ["create_health_app", "for_admins", "health_routes"]


def create_health_app(
    services: HealthServices, settings: HttpSettings, extra_routes: Sequence[BaseRoute] = ()
) -> Starlette:
    """Make the application of a process without REST and pages.

    Args:
        services: what the routes call.
        settings: how the room behaves.
        extra_routes: routes of other rooms on the same listener, such as Socket.IO's polling.

    Returns:
        An ASGI application without a lifespan.
    """
    return Starlette(
        routes=[*health_routes(services, settings), *extra_routes],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(CrossOrigin, access=settings.access, methods=settings.cors_methods, refused=services.refused),
            Middleware(LastResort, failed=services.failed),
        ],
        exception_handlers=problems.exception_handlers(
            services.failed, retry_after_seconds=settings.retry_after_seconds
        ),
    )


def health_routes(services: HealthServices, settings: HttpSettings) -> list[Route]:
    """``/healthz`` and ``/readyz`` for everybody, ``/metrics`` for who has the admin token, where there is one."""
    return [
        Route("/healthz", health.is_alive),
        Route("/readyz", partial(health.is_ready, services, settings.probe_timeout_seconds)),
        Route("/metrics", partial(figures.show_metrics, services.metrics), middleware=for_admins(services, settings)),
    ]


def for_admins(services: HealthServices, settings: HttpSettings) -> list[Middleware]:
    """The guard of an operator's route: the admin token, or without one the host."""
    if settings.admin_token is None:
        return [Middleware(RequireOwnHost, access=settings.access, refused=services.refused)]
    return [Middleware(RequireToken, token=settings.admin_token)]
