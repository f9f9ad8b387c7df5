"""The HTTP room: REST, problem details, OpenAPI, health, figures for the operator, and the pages, on Starlette.

:func:`create_app` makes the ASGI application of a server from :class:`HttpServices` (what it calls) and
:class:`HttpSettings` (how it behaves), :func:`create_health_app` the small one of a process that only works. It knows
no store, no queue and no socket: a shop is read through :class:`~linkhub_core.application.BrowseShop`, everything else
is a callable that comes in.
"""

from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.problems import FailedRequest
from linkhub_adapters.http.server.app import create_app
from linkhub_adapters.http.server.health_app import create_health_app
from linkhub_adapters.http.server.http_settings import HttpSettings
from linkhub_adapters.http.server.services import HealthServices, HttpServices, Probe

__all__ = [
    "FailedRequest",
    "HealthServices",
    "HttpServices",
    "HttpSettings",
    "KeptPages",
    "Probe",
    "create_app",
    "create_health_app",
]
