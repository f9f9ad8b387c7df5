"""The door before the operator's figures: a bearer token (RFC 6750), compared in constant time."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from linkhub_adapters.http.api.problems import TOKEN_REQUIRED, problem

__all__ = ["RequireToken"]


class RequireToken:
    """ASGI middleware that lets a request through only with ``Authorization: Bearer <token>``.

    Args:
        app: what stands behind the door.
        token: the token, at least one character.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with a 401."""
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        # Header values are read as latin-1: so encoded, they are again the bytes that were sent.
        if is_bearer and hmac.compare_digest(given.strip().encode("latin-1"), self._token):
            await self._app(scope, receive, send)
            return
        challenge = 'Bearer realm="linkhub"' + (', error="invalid_token"' if is_bearer else "")
        detail = "The token is not the admin token." if is_bearer else "The admin token is needed as a bearer token."
        answer = problem(scope, 401, detail, kind=TOKEN_REQUIRED, headers={"www-authenticate": challenge})
        await answer(scope, receive, send)
