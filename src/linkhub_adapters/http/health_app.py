"""What can be asked of every process that works: whether it lives, whether it is ready, and its metrics.

A server answers these beside everything else; a consumer answers nothing but these.
"""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from linkhub_adapters.http import figures, health, problems
from linkhub_adapters.http.admin_token import RequireToken
from linkhub_adapters.http.last_resort import LastResort
from linkhub_adapters.http.security_headers import SecurityHeaders
from linkhub_adapters.http.services import HealthServices
from linkhub_adapters.http.settings import HttpSettings

__all__ = ["create_health_app", "for_admins", "health_routes"]


def create_health_app(services: HealthServices, settings: HttpSettings) -> Starlette:
    """Make the application of a process that serves nobody but those who watch it.

    Args:
        services: what the routes call.
        settings: how the room behaves; nothing here is for other origins.

    Returns:
        An ASGI application without a lifespan.
    """
    return Starlette(
        routes=health_routes(services, settings),
        middleware=[Middleware(SecurityHeaders), Middleware(LastResort, failed=services.failed)],
        exception_handlers=problems.exception_handlers(
            services.failed, retry_after_seconds=settings.retry_after_seconds
        ),
    )


def health_routes(services: HealthServices, settings: HttpSettings) -> list[Route]:
    """``/healthz`` and ``/readyz`` for everybody, ``/metrics`` for who has the admin token, where there is one."""
    return [
        Route("/healthz", health.is_alive),
        Route("/readyz", partial(health.is_ready, services, settings.probe_timeout_seconds)),
        Route("/metrics", partial(figures.show_metrics, services.metrics), middleware=for_admins(settings)),
    ]


def for_admins(settings: HttpSettings) -> list[Middleware]:
    """What stands before a route that asks for the admin token; nothing where there is none."""
    return [] if settings.admin_token is None else [Middleware(RequireToken, token=settings.admin_token)]
