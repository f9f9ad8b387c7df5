"""The HTTP room: REST, problem details, OpenAPI, health, figures for the operator, and the pages, on Starlette.

:func:`create_app` makes the ASGI application from :class:`HttpServices` (what it calls) and :class:`HttpSettings` (how
it behaves). It knows no store, no queue and no socket: a shop is read through
:class:`~linkhub_core.use_cases.BrowseShop`, everything else is a callable that comes in.
"""

from linkhub_adapters.http.app import create_app
from linkhub_adapters.http.services import FailedRequest, HttpServices, Probe
from linkhub_adapters.http.settings import HttpSettings

__all__ = ["FailedRequest", "HttpServices", "HttpSettings", "Probe", "create_app"]
