"""The answer to an unexpected exception: a 500 without details, reported once.

Starlette's own handler is outside of all middleware, so its answer would lack the security and CORS headers, and it
raises the exception again, so the server would log it twice. This one is inside.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from linkhub_adapters.http.api.problems import FailedRequest, unexpected


class LastResort:
    """ASGI middleware that turns an unexpected exception into a 500.

    Args:
        app: the application.
        failed: called once for each failure.
    """

    def __init__(self, app: ASGIApp, failed: Callable[[FailedRequest], None]) -> None:
        self._app = app
        self._failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and handle its exception."""
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
            return  # the client left before its request was read: no answer is needed, and nothing failed
        except Exception as error:  # this is the last resort
            self._failed(FailedRequest(method=scope["method"], path=scope["path"], status=500, error=error))
            if has_started:
                # Part of the answer is sent. The server cuts the connection, so the client sees that it is incomplete.
                raise
            await unexpected(scope)(scope, receive, send)
