"""The HTTP room: REST, problem details, OpenAPI, health, the operator's data, and the pages, on Starlette.

:func:`create_app` makes the ASGI application of a server from :class:`HttpServices` and :class:`HttpSettings`,
:func:`create_health_app` that of a process without REST. It has no store, queue or socket: it reads a shop through
:class:`~linkhub_core.application.BrowseShop`, and everything else is a function that is passed in.
"""

from linkhub_adapters.http.api.kept_pages import KeptPages
from linkhub_adapters.http.api.operator_desk import LetterChoice, LetterQuery, OperatorAction, OperatorDesk
from linkhub_adapters.http.api.problems import FailedRequest
from linkhub_adapters.http.server.app import create_app, create_health_app
from linkhub_adapters.http.server.services import HealthServices, HttpServices, HttpSettings, Probe

__all__ = [
    "FailedRequest",
    "HealthServices",
    "HttpServices",
    "HttpSettings",
    "KeptPages",
    "LetterChoice",
    "LetterQuery",
    "OperatorAction",
    "OperatorDesk",
    "Probe",
    "create_app",
    "create_health_app",
]
