"""What happens when nobody foresaw what happened: told once, answered once, with nothing given away.

Starlette's own net hangs outside of every middleware, so its answer would lack the security and CORS headers, and it
raises on, so that the server logs the error a second time. This one hangs inside.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linkhub_adapters.http.api.problems import FailedRequest, unexpected

__all__ = ["LastResort"]


class LastResort:
    """ASGI middleware that turns an unforeseen exception into a 500.

    Args:
        app: what may fail.
        failed: told once of each failure.
    """

    def __init__(self, app: ASGIApp, failed: Callable[[FailedRequest], None]) -> None:
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and catch what falls."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def send_noted(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except ClientDisconnect:
            return  # the client left before we had read its request: there is nobody to answer, and nothing failed
        except Exception as error:  # this is the last resort
            self._failed(FailedRequest(method=scope["method"], path=scope["path"], status=500, error=error))
            if has_started:
                # Half an answer is out. Only the server can cut the connection, so that nobody takes it for whole.
                raise
            await unexpected(scope)(scope, receive, send)
