"""The guard of the operator's routes: an admin token, or without one the host of the request.

A page can point its own host name at a loopback address and read, as its own origin, all that a server there gives to
every client (DNS rebinding). Without a token the operator's routes therefore answer only requests whose host is this
server's own; see :mod:`linkhub_core.access.policy`. Nothing is changed over HTTP without a token.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from linkhub_adapters.http.api.problems import FOREIGN_HOST, NO_TOKEN_SET, TOKEN_REQUIRED, problem
from linkhub_adapters.http.server.cross_origin import peer_of
from linkhub_core.access import OPERATORS_ROUTE, AccessPolicy, RefusedCaller


class RequireToken:
    """ASGI middleware that demands ``Authorization: Bearer <token>`` (RFC 6750), compared in constant time.

    Args:
        app: the operator's route.
        token: the token, at least one character.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a 401."""
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        # Header values were decoded as latin-1; this gives the bytes that were sent.
        if is_bearer and hmac.compare_digest(given.strip().encode("latin-1"), self._token):
            await self._app(scope, receive, send)
            return
        challenge = 'Bearer realm="linkhub"' + (', error="invalid_token"' if is_bearer else "")
        detail = "The token is not the admin token." if is_bearer else "The admin token is needed as a bearer token."
        answer = problem(scope, 401, detail, kind=TOKEN_REQUIRED, headers={"www-authenticate": challenge})
        await answer(scope, receive, send)


class RefuseChanges:
    """ASGI middleware of a server without an admin token: it answers a request that would change something with a 403.

    Args:
        app: the operator's route.
        setting: the setting of the admin token, as the operator knows it.
    """

    def __init__(self, app: ASGIApp, setting: str) -> None:
        self._app = app
        self._detail = f"This server changes nothing over HTTP, because it has no admin token. Set {setting}."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request that only reads on, or answer it with a 403."""
        if scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        await problem(scope, 403, self._detail, kind=NO_TOKEN_SET)(scope, receive, send)


class RequireOwnHost:
    """ASGI middleware that answers only requests whose host is this server's own.

    Args:
        app: the operator's route.
        access: knows the hosts.
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
