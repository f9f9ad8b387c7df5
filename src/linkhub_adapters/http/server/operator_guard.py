"""The guard of the operator's routes while they have no token: against DNS rebinding.

A page can point its own host name at a loopback address and read, as its own origin, what a server there gives to
every client. Without a token the operator's routes answer only requests whose host is this server's own; see
:mod:`linkhub_core.access.policy`.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from linkhub_adapters.http.api.problems import FOREIGN_HOST, problem
from linkhub_adapters.http.server.cross_origin import peer_of
from linkhub_core.access import OPERATORS_ROUTE, AccessPolicy, RefusedCaller

__all__ = ["RequireOwnHost"]


class RequireOwnHost:
    """ASGI middleware that answers only requests whose host is this server's own.

    Args:
        app: the operator's route.
        access: which hosts these are.
        refused: called for each request that is refused.
    """

    def __init__(self, app: ASGIApp, access: AccessPolicy, refused: Callable[[RefusedCaller], None]) -> None:
        self._app = app
        self._access = access
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a 403."""
        caller = self._access.examine(peer_of(scope), Headers(scope=scope).getlist)
        if caller.is_host_own or not self._access.is_on_loopback:
            await self._app(scope, receive, send)
            return
        self._refused(RefusedCaller(caller=caller, asked_for=OPERATORS_ROUTE))
        detail = "This server listens on a loopback address only, and the host of the request is not one of its names."
        await problem(scope, 403, detail, kind=FOREIGN_HOST)(scope, receive, send)
